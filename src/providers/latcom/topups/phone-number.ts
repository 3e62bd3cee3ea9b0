import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { LRUCache } from 'lru-cache';

export type PhoneReading = { readonly national: string } | { readonly error: string };

const TEN_ASCII_DIGITS = /^[0-9]{10}$/;
const OLD_MOBILE_PREFIX = /^\+521[0-9]{10}$/;
const OLD_DIALLING_PREFIX = /^04[45]/;

/** A Mexican number in LATCOM's form: ten digits, no country code. Accepts ten ASCII digits, or E.164 with +52. */
export function readPhoneNumber(text: string): PhoneReading {
  if (OLD_MOBILE_PREFIX.test(text)) {
    return { error: 'uses the old mobile prefix +52 1: omit the 1, e.g. +525537686660' };
  }
  if (OLD_DIALLING_PREFIX.test(text)) {
    return { error: 'uses the old dialing prefix 044 or 045: send the ten digits without it, e.g. 5537686660' };
  }
  const national = text.startsWith('+52') ? text.slice(3) : text;
  if (!TEN_ASCII_DIGITS.test(national)) return { error: 'must be ten digits, or E.164 with +52, e.g. 5537686660' };
  return isInUse(national) ? { national } : { error: 'is not a Mexican mobile number' };
}

/** By the first six digits: numbers are assigned in blocks of ten thousand, so these decide. */
const BLOCK_DIGITS = 6;
const MAX_BLOCKS = 20_000;
const blocksInUse = new LRUCache<string, boolean>({ max: MAX_BLOCKS });

function isInUse(national: string): boolean {
  const block = national.slice(0, BLOCK_DIGITS);
  let known = blocksInUse.get(block);
  if (known === undefined) {
    known = looksInUse(national);
    blocksInUse.set(block, known);
  }
  return known;
}

function looksInUse(national: string): boolean {
  const parsed = parsePhoneNumberFromString(national, 'MX');
  const type = parsed?.isValid() === true && parsed.country === 'MX' ? parsed.getType() : undefined;
  // Mobile and fixed lines can share a range, and the library cannot distinguish them; the carrier decides.
  return type === 'MOBILE' || type === 'FIXED_LINE_OR_MOBILE' || type === 'FIXED_LINE';
}
