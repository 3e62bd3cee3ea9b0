import { holdsCardNumber } from '../api/card-firewall/card-number.js';
import { parseUuid } from '../ids.js';
import { PESO_UNIT, POINTS_UNIT } from '../ledger/units.js';
import { utcOf } from './statement-time.js';

/* What the lines of a provider's statement mean. Pure. */

/** A line that can be compared with the ledger. Nothing personal is taken from it. */
export interface StatementLine {
  /** Ours, as the provider repeats it; in lower case. */
  readonly transactionId: string | null;
  readonly providerReference: string | null;
  readonly reference: string | null;
  readonly succeeded: boolean;
  /** Digits: in the smallest part of the unit. */
  readonly amount: string;
  readonly unit: string;
  /** In UTC, without a zone. */
  readonly at: string;
}

/** Providers that give statements. */
export type StatementProvider = 'latcom' | 'latam-pass';

/** By the name of a column; one that the file does not have is empty. */
export type Cell = (column: string) => string;

interface Column {
  readonly isOptional: boolean;
  /** What a cell mostly looks like; null: nobody looks at it. The source of a regular expression without groups. */
  readonly plain: string | null;
}

export interface Format {
  readonly columns: Readonly<Record<string, Column>>;
  /** Any line. @throws BadLine */
  readonly read: (cell: Cell) => StatementLine;
  /** The same of a line of which every cell is as plain as it mostly is. */
  readonly plain: Readonly<Record<keyof StatementLine, PlainValue | string>>;
}

/** What is made of a plain cell's bytes; of an empty one, or where there is none, `otherwise`. */
export interface PlainValue {
  readonly column: string;
  /** `digits`: without the point. `outcome`: whether it begins with S, as SUCCESS does. `utc`: without the Z. */
  readonly as: 'text' | 'digits' | 'outcome' | 'utc';
  readonly otherwise: string;
}

/** In PostgreSQL's text format. */
const NULL = '\\N';

const MAX_REFERENCE = 255;

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
/** An id with too few digits in a row for a card. */
const TEXT = String.raw`(?:${UUID}|(?![\w.:/-]*?\d(?:-?\d){12})[\w.:/-]{1,64})`;
const DAY = String.raw`(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))`;
const UTC = String.raw`(?!0000)\d{4}-${DAY}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z`;

const required = (plain: string): Column => ({ isOptional: false, plain });
const optional = (plain: string | null): Column => ({ isOptional: true, plain: plain && `(?:${plain})?` });

/** A line that cannot be used, and why: in words that quote nothing of it. */
export class BadLine extends Error {}

export const FORMATS: Readonly<Record<StatementProvider, Format>> = {
  latcom: {
    columns: {
      distributor_transaction_id: required(UUID),
      status: required('SUCCESS|FAIL'),
      amount: required(String.raw`[1-9]\d{0,11}\.\d\d`),
      currency: optional('[A-Z]{3}'),
      date: required(UTC),
    },
    read: (cell) => ({
      ...idOf(cell('distributor_transaction_id')),
      providerReference: null,
      succeeded: outcomeOf(cell('status')),
      amount: centsOf(cell('amount')),
      unit: currencyOf(cell('currency')),
      at: timeOf(cell('date')),
    }),
    plain: {
      transactionId: { column: 'distributor_transaction_id', as: 'text', otherwise: NULL },
      providerReference: NULL,
      reference: NULL,
      succeeded: { column: 'status', as: 'outcome', otherwise: NULL },
      amount: { column: 'amount', as: 'digits', otherwise: NULL },
      unit: { column: 'currency', as: 'text', otherwise: PESO_UNIT },
      at: { column: 'date', as: 'utc', otherwise: NULL },
    },
  },
  'latam-pass': {
    columns: {
      latamAccrualId: required(TEXT),
      partnerAccrualId: optional(UUID),
      partnerTransactionId: optional(TEXT),
      ffn: optional(null),
      points: required(String.raw`[1-9]\d{0,14}`),
      date: required(UTC),
    },
    read: (cell) => ({
      transactionId: parseUuid(cell('partnerAccrualId')),
      providerReference: textOf(cell('latamAccrualId')),
      reference: cell('partnerTransactionId') === '' ? null : textOf(cell('partnerTransactionId')),
      succeeded: true,
      amount: wholeOf(cell('points')),
      unit: POINTS_UNIT,
      at: timeOf(cell('date')),
    }),
    plain: {
      transactionId: { column: 'partnerAccrualId', as: 'text', otherwise: NULL },
      providerReference: { column: 'latamAccrualId', as: 'text', otherwise: NULL },
      reference: { column: 'partnerTransactionId', as: 'text', otherwise: NULL },
      succeeded: 't',
      amount: { column: 'points', as: 'digits', otherwise: NULL },
      unit: POINTS_UNIT,
      at: { column: 'date', as: 'utc', otherwise: NULL },
    },
  },
};

export function isStatementProvider(provider: string): provider is StatementProvider {
  return provider in FORMATS;
}

/** LATCOM repeats what we gave it: our transaction's id, or something that somebody else made up. */
function idOf(cell: string): Pick<StatementLine, 'transactionId' | 'reference'> {
  if (cell === '') throw new BadLine('has no distributor_transaction_id');
  const transactionId = parseUuid(cell);
  return { transactionId, reference: transactionId === null ? textOf(cell) : null };
}

/** Ids of others; not more than an id can be, and nothing that must not be kept. */
function textOf(cell: string): string {
  if (cell === '' || cell.length > MAX_REFERENCE) throw new BadLine('has an id that is empty or too long');
  if (/\p{Cc}/u.test(cell)) throw new BadLine('has an id with control characters');
  if (parseUuid(cell) === null && holdsCardNumber(cell)) throw new BadLine('holds the number of a payment card');
  return cell;
}

function outcomeOf(cell: string): boolean {
  const word = cell.toUpperCase();
  if (word === 'SUCCESS') return true;
  if (word === 'FAIL' || word === 'FAILED') return false;
  throw new BadLine('has a status other than SUCCESS and FAIL');
}

function centsOf(cell: string): string {
  const [, whole, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(cell) ?? [];
  if (whole === undefined) throw new BadLine('has an amount that is no decimal such as 10.00');
  return positive(whole + fraction.padEnd(2, '0'));
}

function wholeOf(cell: string): string {
  if (!/^\d{1,15}$/.test(cell)) throw new BadLine('has points that are no whole number');
  return positive(cell);
}

function positive(digits: string): string {
  if (/[1-9]/.test(digits)) return digits;
  throw new BadLine('has an amount of zero');
}

function currencyOf(cell: string): string {
  if (cell === '') return PESO_UNIT;
  if (!/^[A-Za-z]{3}$/.test(cell)) throw new BadLine('has a currency that is no three letters');
  return cell.toUpperCase();
}

function timeOf(cell: string): string {
  const at = utcOf(cell);
  if (at === null) throw new BadLine('has a date that is no ISO 8601 time');
  return at;
}
