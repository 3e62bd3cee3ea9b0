/** Escapes a value for PostgreSQL's COPY in text format. The values contain no control characters. */
export function copyText(text: string | null): string {
  if (text === null) return '\\N';
  return text.includes('\\') ? text.replaceAll('\\', '\\\\') : text;
}
