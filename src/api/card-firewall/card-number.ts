import { hasIssuer } from './issuers.js';
import { plainText } from './plain-text.js';

const MIN_DIGITS = 13;
const MAX_DIGITS = 19;
const ZERO = '0'.charCodeAt(0);
/** Maximum length of an international phone number (E.164). */
const MAX_PHONE_DIGITS = 15;

/** A quick test first: most texts have too few digits for a card number. */
const MANY_DIGITS = /\d(?:[ -]?\d){12}/;
const RUN = /\d+(?:[ -]\d+)*/g;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
const UUID = /(?<![\p{L}\p{N}])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![\p{L}\p{N}])/giu;

/** Groupings in which card numbers are printed and typed, in digits per group. */
const PRINTED_GROUPS = new Set(['4-4-4-4', '4-6-5', '4-6-4', '4-4-4-4-3', '4-4-4-4-2', '4-4-4-1', '8-8', '6-13']);

/**
 * True when the text contains a payment card number: a run of 13 to 19 digits, with single spaces or hyphens allowed
 * between them, that touches no letter or digit, begins with an issuer's prefix, and passes the Luhn check.
 */
export function holdsCardNumber(text: string): boolean {
  const plain = plainText(text);
  if (!MANY_DIGITS.test(plain)) return false;
  const searched = plain.replace(UUID, '(uuid)');
  for (const match of searched.matchAll(RUN)) {
    const run = match[0];
    const before = searched.slice(Math.max(match.index - 2, 0), match.index);
    const after = searched.slice(match.index + run.length, match.index + run.length + 2);
    if (holdsCard(run, before, after)) return true;
  }
  return false;
}

/** `before` and `after` are the neighboring characters (two code units, for letters outside the basic plane). */
function holdsCard(run: string, before: string, after: string): boolean {
  const groups = run.split(/[ -]/);
  const first = LETTER_OR_DIGIT.test([...before].at(-1) ?? '') ? 1 : 0;
  const last = LETTER_OR_DIGIT.test([...after].at(0) ?? '') ? groups.length - 2 : groups.length - 1;
  if (first === 0 && last === groups.length - 1 && isCard(groups.join(''))) {
    const phone = before.endsWith('+') && groups.join('').length <= MAX_PHONE_DIGITS;
    if (!phone) return true;
  }
  for (let from = first; from <= last; from += 1) {
    let digits = '';
    for (let to = from; to <= last && digits.length <= MAX_DIGITS; to += 1) {
      digits += groups[to] ?? '';
      if (isCard(digits) && isSuspectPart(groups, from, to)) return true;
    }
  }
  return false;
}

/**
 * True when a part of a longer run must be checked: it is one unbroken number, or it is grouped like a printed card.
 * Other parts are not checked, because lists of short numbers, amounts or dates would be refused. SIM card numbers have
 * similar groups and are excluded.
 */
function isSuspectPart(groups: readonly string[], from: number, to: number): boolean {
  const whole = from === 0 && to === groups.length - 1;
  if (whole) return false;
  if (from === to) return true;
  const isSim = groups[0]?.length === 4 && groups[0].startsWith('89');
  const lengths = groups.slice(from, to + 1).map((group) => group.length);
  return !isSim && PRINTED_GROUPS.has(lengths.join('-'));
}

function isCard(digits: string): boolean {
  return digits.length >= MIN_DIGITS && digits.length <= MAX_DIGITS && hasIssuer(digits) && passesLuhn(digits);
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - ZERO;
    const doubled = digit * 2;
    sum += index % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
