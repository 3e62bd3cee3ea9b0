import { BadLine } from '../bad-lines/bad-line.js';
import { idOf } from './line-cells.js';
import type { LineIds } from './statement-format.js';

const UUID = /(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![0-9a-f])/gi;
/** A line that cannot be read is still about one transaction, or a few where lines were glued together. */
const MAX_NAMED = 8;

/**
 * What a line names that cannot be used: what it says of its transaction is not known, but that it is there is. The ids of
 * its cells where these can be told, otherwise, and where lines may be glued together (`isGlued`), every id of ours that
 * stands anywhere in it.
 */
export function namesIn(
  text: string,
  columns: Readonly<Record<keyof LineIds, string | null>>,
  cell: (column: string) => string,
  isGlued: boolean,
): LineIds[] {
  const ours = uuidsIn(columns.transactionId === null ? '' : cell(columns.transactionId));
  const transactionIds = ours.length > 0 && !isGlued ? ours : uuidsIn(text);
  const reading = (column: string | null): string | null => (column === null ? null : readable(cell(column), column));
  const providerReference = reading(columns.providerReference);
  const reference = ours.length > 0 ? null : reading(columns.reference);
  if (transactionIds.length === 0) {
    return providerReference === null && reference === null
      ? []
      : [{ transactionId: null, providerReference, reference }];
  }
  return transactionIds.map((transactionId) => ({ transactionId, providerReference, reference }));
}

function uuidsIn(text: string): string[] {
  const found = [...text.matchAll(UUID)].map(([uuid]) => uuid.toLowerCase());
  return [...new Set(found)].slice(0, MAX_NAMED);
}

function readable(cell: string, column: string): string | null {
  try {
    return idOf(cell.trim(), column);
  } catch (error) {
    if (error instanceof BadLine) return null;
    throw error;
  }
}
