/** The characters of a token: visible ASCII without blanks (RFC 6750, RFC 9110). */
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/** The token without surrounding blanks and line breaks; null when it cannot be sent in a header. */
export function readToken(text: string): string | null {
  const trimmed = text.trim();
  return TOKEN.test(trimmed) ? trimmed : null;
}
