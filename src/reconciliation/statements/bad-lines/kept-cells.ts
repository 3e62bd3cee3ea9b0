import { holdsCardNumber } from '../../../api/card-firewall/card-number.js';
import type { BadLineCode } from './bad-line.js';
import { isMangled, uuidOf } from '../reading/line-cells.js';

/* The cells of a bad line that are stored, so that a person can correct them. Pure functions. */

/** null: the cell is not stored. */
export type KeptCell = string | null;

export const MAX_CELL_LENGTH = 100;
const CONTROL = /[\p{Cc}\p{Cs}]/u;
/** The length of the shortest card number. */
const CARD_DIGITS = 13;
/** Lines that cannot be split into cells reliably, and lines in which there is nothing to correct. */
const WITHOUT_CELLS: ReadonlySet<BadLineCode> = new Set<BadLineCode>([
  ...(['too_many_cells', 'nameless_cell', 'quotes', 'line_too_long'] as const),
  ...(['total', 'repeated_header'] as const),
]);

export function hasReliableCells(code: BadLineCode): boolean {
  return !WITHOUT_CELLS.has(code);
}

/** The trimmed text of a cell; null if it is too long, contains a card number, or cannot be written to a file. */
export function keptCell(text: string): KeptCell {
  const cell = text.trim();
  if (cell.length > MAX_CELL_LENGTH || CONTROL.test(cell) || holdsCard(cell)) return null;
  return cell;
}

/** Also finds a card number whose end a spreadsheet has changed. */
function holdsCard(cell: string): boolean {
  if (isMangled(cell)) return cell.replace(/E.*$/i, '').replace(/\D/g, '').length >= CARD_DIGITS;
  return uuidOf(cell) === null && holdsCardNumber(cell);
}

/** The cells as a PostgreSQL array literal. */
export function arrayText(cells: readonly KeptCell[]): string {
  const quoted = cells.map((cell) => (cell === null ? 'NULL' : `"${cell.replace(/[\\"]/g, String.raw`\$&`)}"`));
  return `{${quoted.join(',')}}`;
}
