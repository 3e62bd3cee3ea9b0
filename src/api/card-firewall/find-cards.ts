import type { FieldError } from '../../common/problem.js';
import { pointerTo } from '../json-body.js';
import { holdsCardNumber } from './card-number.js';
import { hasIssuer } from './issuers.js';

const MAX_FOUND = 20;
const MESSAGE = 'contains a payment card number or other card data';

/** Member names that mark card data whatever the value; case and punctuation are ignored. */
const CARD_MEMBERS = new Set(['cardnumber', 'cardexpiry', 'cvv', 'cvv2', 'cvc', 'cvc2']);

interface Part {
  readonly value: unknown;
  readonly pointer: string;
  /** True when the member's name marks card data. */
  readonly isNamedAsCard: boolean;
}

/**
 * Finds card data in a JSON value, at any depth, and returns JSON pointers. If a member's name is a card number, the
 * pointer is that of its object, so that the number is never echoed.
 */
export function findCards(root: unknown): FieldError[] {
  const found: FieldError[] = [];
  // A stack instead of recursion: an attacker can nest the value very deeply.
  const open: Part[] = [{ value: root, pointer: '', isNamedAsCard: false }];
  for (let part = open.pop(); part && found.length < MAX_FOUND; part = open.pop()) {
    const { value, pointer, isNamedAsCard: telling } = part;
    if (telling || isCardData(value)) found.push({ pointer, message: MESSAGE });
    else if (typeof value === 'object' && value !== null) {
      const members = Object.entries(value);
      const harmless = Array.isArray(value) ? members : members.filter(([name]) => !holdsCardNumber(name));
      if (harmless.length < members.length) found.push({ pointer, message: MESSAGE });
      for (const [name, member] of harmless.reverse()) {
        open.push({ value: member, pointer: pointerTo(pointer, name), isNamedAsCard: isCardMember(name) });
      }
    }
  }
  return found;
}

function isCardMember(name: string): boolean {
  return CARD_MEMBERS.has(name.toLowerCase().replace(/[^a-z0-9]/g, ''));
}

function isCardData(value: unknown): boolean {
  if (typeof value === 'string') return holdsCardNumber(value);
  if (typeof value === 'bigint') return holdsCardNumber(String(value).replace('-', ''));
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  const digits = String(Math.abs(value));
  // Above 2^53 the last digits are lost, including the check digit, so only prefix and length are checked.
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? hasIssuer(digits) : holdsCardNumber(digits);
}

/** Finds card numbers in named values. `mark` precedes the name in the pointer, e.g. `?` for a query. */
export function findCardsIn(pairs: Iterable<readonly [name: string, value: string]>, prefix: string): FieldError[] {
  const found: FieldError[] = [];
  for (const [name, value] of pairs) {
    if (found.length >= MAX_FOUND) break;
    if (holdsCardNumber(name)) found.push({ pointer: prefix, message: MESSAGE });
    else if (holdsCardNumber(value)) found.push({ pointer: prefix + name.slice(0, 64), message: MESSAGE });
  }
  return found;
}
