import { holdsCardNumber } from '../../../api/card-firewall/card-number.js';
import { parseUuid } from '../../../common/ids.js';
import { readAmount, type AmountNotation } from '../../../readers/amount.js';
import { readLocalTime, type TimeNotation } from '../../../readers/local-time.js';
import { comparable, faultOfLabel } from '../../../readers/user-text.js';
import { BadLine, type BadLineCode } from '../bad-lines/bad-line.js';
import { outcomeOf, type LineOutcome } from './status-words.js';

/* Readers for the cells of a statement. Pure functions of a cell's trimmed text and the name of its column. */

/** The notation of a file's cells. */
export interface CellNotation {
  readonly amounts: AmountNotation;
  readonly times: TimeNotation;
  /** No line may be later than this instant, in milliseconds. */
  readonly latest: number;
}

const MAX_ID_LENGTH = 255;
/** Forms that spreadsheets give to long numbers (`1.2E+14`) and other programs to whole numbers (`123.0`). */
const MANGLED = /^\d(?:[.,]\d+)?E\+\d+$|^\d+[.,]0+$/i;
const WRAPPED_UUID = /^(?:txn_|urn:uuid:)?\{?([0-9a-f-]{32,36})\}?$/i;
const HEX = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;

/** The UUID in an id, in lower case, whatever the case and wrapping of the id; null: it is not a UUID. */
export function uuidOf(cell: string): string | null {
  const inner = WRAPPED_UUID.exec(cell)?.[1] ?? '';
  return parseUuid(inner.replace(HEX, '$1-$2-$3-$4-$5')) ?? parseUuid(inner);
}

export function isMangled(cell: string): boolean {
  return MANGLED.test(cell);
}

/** Reads an id that another system created. @throws BadLine */
export function idOf(cell: string, column: string): string {
  if (cell === '') throw new BadLine('id_missing', column);
  if (cell.startsWith('=')) throw new BadLine('id_formula', column);
  if (cell.startsWith("'") || cell.startsWith('’')) throw new BadLine('id_apostrophe', column);
  if (isMangled(cell)) throw new BadLine('id_mangled', column);
  if (cell.length > MAX_ID_LENGTH || faultOfLabel(cell) !== null) throw new BadLine('id_unreadable', column);
  if (uuidOf(cell) === null && holdsCardNumber(cell)) throw new BadLine('card_number', column);
  return comparable(cell);
}

/** @throws BadLine */
export function statusOf(cell: string, column: string): LineOutcome {
  if (cell === '') throw new BadLine('status_missing', column);
  const outcome = outcomeOf(cell);
  if (outcome === null) throw new BadLine('status_unknown', column);
  return outcome;
}

export interface Amount {
  /** In the smallest unit, e.g. cents; above zero. */
  readonly digits: string;
  readonly isNegative: boolean;
}

/** null: the cell is empty or zero. @throws BadLine */
export function amountOf(
  cell: string,
  column: string,
  { amounts }: CellNotation,
  { scale, maxDigits }: { readonly scale: number; readonly maxDigits: number },
): Amount | null {
  if (cell === '') return null;
  const reading = readAmount(cell, amounts, scale, maxDigits);
  if ('fault' in reading) throw new BadLine(`amount_${reading.fault}`, column);
  return reading.digits === '0' ? null : reading;
}

/** `otherwise` is the currency of an empty cell. @throws BadLine */
export function currencyOf(cell: string, column: string, otherwise: string): string {
  if (cell === '') return otherwise;
  if (!/^[A-Za-z]{3}$/.test(cell)) throw new BadLine('currency_unreadable', column);
  return cell.toUpperCase();
}

export interface LineTime {
  /** In UTC, without a zone. */
  readonly utc: string;
  /** Twice the minutes since 1970, plus one for a day without a time. Equal marks mean the same execution. */
  readonly mark: number;
}

const DAY_MS = 24 * 60 * 60_000;
const MINUTE_MS = 60_000;

/** @throws BadLine */
export function timeOf(cell: string, column: string, { times, latest }: CellNotation): LineTime {
  if (cell === '') throw new BadLine('date_missing', column);
  const reading = readLocalTime(cell, times);
  if ('fault' in reading) throw new BadLine(`date_${reading.fault}`, column);
  const { utc, at, isDay } = reading;
  if ((isDay ? at - DAY_MS : at) > latest) throw new BadLine('date_in_future', column);
  return { utc, mark: Math.floor(at / MINUTE_MS) * 2 + (isDay ? 1 : 0) };
}

/** Returns a required amount. @throws BadLine when it is missing or zero */
export function requireAmount(amount: Amount | null, cell: string, column: string): Amount {
  if (amount !== null) return amount;
  const code: BadLineCode = cell === '' ? 'amount_missing' : 'amount_zero';
  throw new BadLine(code, column);
}
