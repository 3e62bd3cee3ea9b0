import { stringify } from 'csv-stringify/sync';
import { operationOf } from '../../providers/declared.js';
import type { PresentedTransaction } from './transaction.dto.js';

/** The formats of an export; the first is the default. */
export const EXPORT_TYPES = ['text/csv', 'application/x-ndjson'] as const;
export type ExportType = (typeof EXPORT_TYPES)[number];

/** How a part of an export is written. */
export interface ExportFormat {
  readonly extension: string;
  readonly head: string;
  write(transactions: readonly PresentedTransaction[]): string;
}

/** The columns and their values. The details of a type are one column of JSON. */
const COLUMNS: readonly (readonly [string, (transaction: PresentedTransaction) => string | null | undefined])[] = [
  ['id', ({ id }) => id],
  ['type', ({ type }) => type],
  ['provider', ({ provider }) => provider],
  ['status', ({ status }) => status],
  ['reference', ({ reference }) => reference],
  ['quantity', ({ quantity }) => quantity?.value],
  ['unit', ({ quantity }) => quantity?.unit],
  ['providerReference', ({ providerReference }) => providerReference],
  ['correlationId', ({ correlationId }) => correlationId],
  ['failureCode', ({ failure }) => failure?.code],
  ['failureMessage', ({ failure }) => failure?.message],
  ['expectedBy', ({ expectedBy }) => expectedBy],
  ['detail', (transaction) => JSON.stringify(detailOf(transaction))],
  ['metadata', ({ metadata }) => JSON.stringify(metadata)],
  ['appId', ({ appId }) => appId],
  ['createdAt', ({ createdAt }) => createdAt],
  ['updatedAt', ({ updatedAt }) => updatedAt],
  ['completedAt', ({ completedAt }) => completedAt],
];

function detailOf(transaction: PresentedTransaction): unknown {
  return Reflect.get(transaction, operationOf(transaction.type).member);
}

/**
 * Text that a spreadsheet takes for a formula: by its first character, also full-width, and after any blanks, quotes or
 * invisible characters, which some programs drop. The apostrophe is one of these, so that an added one can be recognized.
 */
const FORMULA = /^[\s\p{Cf}\p{Cc}"'`]*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/u;

export function isFormula(cell: string): boolean {
  return FORMULA.test(cell);
}

/** RFC 4180, except that a cell that a spreadsheet takes for a formula gets an apostrophe in front. */
export function toCsv(rows: readonly (readonly unknown[])[], isGuarded = isFormula): string {
  return stringify([...rows], {
    cast: { string: (cell) => (isGuarded(cell) ? `'${cell}` : cell) },
    // The library quotes a cell that contains the whole record delimiter, but not one with a lone CR or LF.
    quoted_match: /[\r\n;\t]/,
    record_delimiter: '\r\n',
  });
}

export const EXPORT_FORMATS: Readonly<Record<ExportType, ExportFormat>> = {
  'text/csv': {
    extension: 'csv',
    head: toCsv([COLUMNS.map(([name]) => name)]),
    write: (transactions) => toCsv(transactions.map((one) => COLUMNS.map(([, valueOf]) => valueOf(one)))),
  },
  'application/x-ndjson': {
    extension: 'ndjson',
    head: '',
    write: (transactions) => transactions.map((one) => `${JSON.stringify(one)}\n`).join(''),
  },
};

/** Some spreadsheets read a CSV as Windows-1252 unless it begins with this. */
export const BYTE_ORDER_MARK = '\uFEFF';

export function withByteOrderMark(format: ExportFormat): ExportFormat {
  return { ...format, head: BYTE_ORDER_MARK + format.head };
}
