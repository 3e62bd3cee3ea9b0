import { BadLine } from '../bad-lines/bad-line.js';
import { idOf } from './line-cells.js';
import type { LineIds } from './statement-format.js';

const UUID = /(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![0-9a-f])/gi;
/** A bad line concerns one transaction, or a few when several lines were glued together. */
const MAX_NAMED = 8;

/**
 * Finds the transactions that a bad line names: its content cannot be used, but they are not missing from the
 * statement. It uses the ids of the cells if they can be read. Otherwise, and if several lines may be glued together
 * (`isGlued`), it uses every UUID in the line.
 */
export function namedIdsIn(
  text: string,
  columns: Readonly<Record<keyof LineIds, string | null>>,
  cell: (column: string) => string,
  isGlued: boolean,
): LineIds[] {
  const uuids = uuidsIn(columns.transactionId === null ? '' : cell(columns.transactionId));
  const transactionIds = uuids.length > 0 && !isGlued ? uuids : uuidsIn(text);
  const reading = (column: string | null): string | null => (column === null ? null : readable(cell(column), column));
  const providerReference = reading(columns.providerReference);
  const reference = uuids.length > 0 ? null : reading(columns.reference);
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
