/** Visible ASCII without blanks: what a token is made of (RFC 6750, RFC 9110). */
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/** A token that can be sent in a header, without the blanks and line breaks around it; null when it cannot be sent. */
export function readToken(text: string): string | null {
  const trimmed = text.trim();
  return TOKEN.test(trimmed) ? trimmed : null;
}
