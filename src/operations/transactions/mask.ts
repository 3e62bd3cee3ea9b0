/** Masked personal data. */

/** Shows the last four characters, e.g. `*******7890`; none if the text is too short. */
export function maskNumber(text: string): string {
  const shown = text.length >= 8 ? text.slice(-4) : '';
  return '*'.repeat(text.length - shown.length) + shown;
}

/** The first letter, e.g. `A***`. */
export function maskName(text: string): string {
  return `${firstLetterOf(text)}***`;
}

/** The first letter and the domain, e.g. `a***@example.com`. */
export function maskEmail(text: string): string {
  const at = text.lastIndexOf('@');
  return at <= 0 ? '***' : `${firstLetterOf(text)}***${text.slice(at)}`;
}

/** The first code point: half of a surrogate pair could not be stored. */
function firstLetterOf(text: string): string {
  const [first = ''] = text;
  return first;
}
