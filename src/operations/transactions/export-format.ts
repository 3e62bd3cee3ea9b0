import { stringify } from 'csv-stringify/sync';
import { operationOf } from '../../providers/declared.js';
import type { PresentedTransaction } from './transaction.dto.js';

/** What an export can be written as; the first is the default. */
export const EXPORT_TYPES = ['text/csv', 'application/x-ndjson'] as const;
export type ExportType = (typeof EXPORT_TYPES)[number];

/** How a part of an export is written. */
export interface ExportFormat {
  readonly extension: string;
  readonly head: string;
  write(transactions: readonly PresentedTransaction[]): string;
}

/** Names of the columns and where their values come from; what is particular to a type is one column of JSON. */
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
 * What a spreadsheet would take for a formula: by its first sign, also the full-width one, and whatever blanks, quotes or
 * invisible signs come before it, which some programs drop. An apostrophe is one of these: the added one can be told.
 */
const FORMULA = /^[\s\p{Cf}\p{Cc}"'`]*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/u;

export function isFormula(cell: string): boolean {
  return FORMULA.test(cell);
}

/** RFC 4180, except that a cell which a spreadsheet would take for a formula begins with an apostrophe more. */
export function toCsv(rows: readonly (readonly unknown[])[], isGuarded = isFormula): string {
  return stringify([...rows], {
    cast: { string: (cell) => (isGuarded(cell) ? `'${cell}` : cell) },
    // The library sees to the delimiter of the records as a whole only.
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

/** Some spreadsheets take a CSV for Windows-1252 unless it begins with this. */
export const BYTE_ORDER_MARK = '\uFEFF';

export function withByteOrderMark(format: ExportFormat): ExportFormat {
  return { ...format, head: BYTE_ORDER_MARK + format.head };
}
