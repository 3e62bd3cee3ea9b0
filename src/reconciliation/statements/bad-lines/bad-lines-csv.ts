import { publicId } from '../../../common/ids.js';
import { isFormula, toCsv } from '../../../operations/transactions/export-format.js';
import { BAD_LINE_REASONS } from './bad-line.js';
import type { KeptBadLine } from './bad-line-store.service.js';
import type { RecognizedFormat } from '../reading/statement-file.js';
import { columnsInOrder } from '../reading/statement-header.js';

/* Writes the CSV of bad lines. With corrected cells it can be sent as a statement again. */

const OWN_COLUMNS = ['line', 'column', 'code', 'message', 'transactionId'];
/** A spreadsheet reads this as a number, not as a formula. */
const NEGATIVE_NUMBER = /^-\d[\d.,]*$/;

/** `format` is the statement's format; null: no line of it was read. */
export function badLinesHead(format: RecognizedFormat | null): string {
  const columns = columnsOf(format).map((name) => format?.names[name] ?? name);
  const taken = new Set(columns.map((name) => name.toLowerCase()));
  const own = OWN_COLUMNS.map((name) => (taken.has(name.toLowerCase()) ? `gateway ${name}` : name));
  return toCsv([[...own, ...columns]]);
}

export function badLinesRows(lines: readonly KeptBadLine[], format: RecognizedFormat | null): string {
  const columns = columnsOf(format);
  return toCsv(
    lines.map((line) => rowOf(line, columns)),
    (cell) => isFormula(cell) && !NEGATIVE_NUMBER.test(cell),
  );
}

function rowOf({ line, code, column, transactionId, cells }: KeptBadLine, columns: readonly string[]): unknown[] {
  const omitted = columns.filter((_, position) => cells?.[position] === null);
  const message = BAD_LINE_REASONS[code] + (omitted.length > 0 ? `; omitted here: ${omitted.join(', ')}` : '');
  const own = [line, column, code, message, transactionId && publicId('txn', transactionId)];
  return [...own, ...columns.map((_, position) => cells?.[position] ?? null)];
}

function columnsOf(format: RecognizedFormat | null): string[] {
  return columnsInOrder(Object.entries(format?.columns ?? {}));
}
