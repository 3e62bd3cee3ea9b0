import { holdsCardNumber } from '../../../api/card-firewall/card-number.js';
import type { BadLineCode } from './bad-line.js';
import { isMangled, uuidOf } from '../reading/line-cells.js';

/* What is kept of a bad line, so that a person can correct it. Pure. */

/** null: it is not kept. */
export type KeptCell = string | null;

export const MAX_CELL_LENGTH = 100;
const CONTROL = /[\p{Cc}\p{Cs}]/u;
/** As many as the shortest card number has. */
const CARD_DIGITS = 13;
/** Of lines whose cells may be others than they seem, and of those in which there is nothing to correct. */
const WITHOUT_CELLS: ReadonlySet<BadLineCode> = new Set<BadLineCode>([
  ...(['too_many_cells', 'nameless_cell', 'quotes', 'line_too_long'] as const),
  ...(['total', 'repeated_header'] as const),
]);

export function hasCells(code: BadLineCode): boolean {
  return !WITHOUT_CELLS.has(code);
}

/** The trimmed text of a cell, unless it is too long, holds a card number, or could not be written into a file. */
export function keptCell(text: string): KeptCell {
  const cell = text.trim();
  if (cell.length > MAX_CELL_LENGTH || CONTROL.test(cell) || holdsCard(cell)) return null;
  return cell;
}

/** Also the number of a card of which a spreadsheet changed the end. */
function holdsCard(cell: string): boolean {
  if (isMangled(cell)) return cell.replace(/E.*$/i, '').replace(/\D/g, '').length >= CARD_DIGITS;
  return uuidOf(cell) === null && holdsCardNumber(cell);
}

/** As a literal of PostgreSQL. */
export function arrayText(cells: readonly KeptCell[]): string {
  const quoted = cells.map((cell) => (cell === null ? 'NULL' : `"${cell.replace(/[\\"]/g, String.raw`\$&`)}"`));
  return `{${quoted.join(',')}}`;
}
