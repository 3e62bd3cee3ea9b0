const ASCII = /^[\x20-\x7e]*$/;
const FOREIGN_DIGIT = /[^\P{Nd}0-9]/gu;
const INVISIBLE = /\p{Cf}/gu;
const DASH = /\p{Pd}/gu;
const SPACE = /\p{Zs}/gu;
const DECIMAL = /^\p{Nd}$/u;

/**
 * The text as a person reads it: digits of any script, full-width and superscript digits become 0 to 9, every dash
 * becomes a hyphen, every kind of space becomes a space, and invisible characters are removed.
 */
export function plainText(text: string): string {
  if (ASCII.test(text)) return text;
  return text
    .normalize('NFKC')
    .replace(INVISIBLE, '')
    .replace(FOREIGN_DIGIT, digitOf)
    .replace(DASH, '-')
    .replace(SPACE, ' ');
}

/** In Unicode the ten digits of a script are consecutive, so the value is the distance from the first one. */
function digitOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  let first = code;
  while (DECIMAL.test(String.fromCodePoint(first - 1))) first -= 1;
  return String((code - first) % 10);
}
