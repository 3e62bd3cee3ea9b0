/** A value for PostgreSQL's COPY in text format. None has control characters. */
export function copyText(text: string | null): string {
  if (text === null) return '\\N';
  return text.includes('\\') ? text.replaceAll('\\', '\\\\') : text;
}
