import type { FieldError } from '../../common/problem.js';
import { pointerTo } from '../json-body.js';
import { holdsCardNumber } from './card-number.js';
import { hasIssuer } from './issuers.js';

const MAX_FOUND = 20;
const MESSAGE = 'holds the number of a payment card, or what belongs to one';

/** Members that hold card data whatever stands in them, without regard to case and punctuation. */
const CARD_MEMBERS = new Set(['cardnumber', 'cardexpiry', 'cvv', 'cvv2', 'cvc', 'cvc2']);

interface Part {
  readonly value: unknown;
  readonly pointer: string;
  /** Its name says that card data stand in it. */
  readonly telling: boolean;
}

/**
 * Where a JSON value holds card data, at any depth, by JSON pointer. A member whose own name is a card number is told by
 * the pointer of its object: the number is never echoed.
 */
export function findCards(root: unknown): FieldError[] {
  const found: FieldError[] = [];
  // A list of its own instead of recursion: the value may be nested as deep as its length allows.
  const open: Part[] = [{ value: root, pointer: '', telling: false }];
  for (let part = open.pop(); part && found.length < MAX_FOUND; part = open.pop()) {
    const { value, pointer, telling } = part;
    if (telling || isCardData(value)) found.push({ pointer, message: MESSAGE });
    else if (typeof value === 'object' && value !== null) {
      const members = Object.entries(value);
      const harmless = Array.isArray(value) ? members : members.filter(([name]) => !holdsCardNumber(name));
      if (harmless.length < members.length) found.push({ pointer, message: MESSAGE });
      for (const [name, member] of harmless.reverse()) {
        open.push({ value: member, pointer: pointerTo(pointer, name), telling: isTelling(name) });
      }
    }
  }
  return found;
}

function isTelling(name: string): boolean {
  return CARD_MEMBERS.has(name.toLowerCase().replace(/[^a-z0-9]/g, ''));
}

function isCardData(value: unknown): boolean {
  if (typeof value === 'string') return holdsCardNumber(value);
  if (typeof value === 'bigint') return holdsCardNumber(String(value).replace('-', ''));
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  const digits = String(Math.abs(value));
  // Above 2^53 the last digits are lost and with them the check digit: how it begins has to do.
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? hasIssuer(digits) : holdsCardNumber(digits);
}

/** Where named values hold a card number; `mark` stands before the name: `?` for a query. */
export function findCardsIn(pairs: Iterable<readonly [name: string, value: string]>, mark: string): FieldError[] {
  const found: FieldError[] = [];
  for (const [name, value] of pairs) {
    if (found.length >= MAX_FOUND) break;
    if (holdsCardNumber(name)) found.push({ pointer: mark, message: MESSAGE });
    else if (holdsCardNumber(value)) found.push({ pointer: mark + name.slice(0, 64), message: MESSAGE });
  }
  return found;
}
