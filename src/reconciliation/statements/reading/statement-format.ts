import { PESO_UNIT, POINTS_UNIT } from '../../../ledger/model/units.js';
import { hashOf } from '../fast-path/bloom-filter.js';
import {
  amountOf,
  currencyOf,
  idOf,
  requireAmount,
  statusOf,
  timeOf,
  uuidOf,
  type CellNotation,
} from './line-cells.js';
import type { LineOutcome } from './status-words.js';

/* The statement formats of the providers. Pure functions and constants. */

/** The ids by which a line names its transaction. No personal data is read. */
export interface LineIds {
  /** The gateway's transaction id, as the provider repeats it, in lower case. */
  readonly transactionId: string | null;
  readonly providerReference: string | null;
  readonly reference: string | null;
}

/** A line that can be compared with the ledger. */
export interface StatementLine extends LineIds {
  readonly outcome: LineOutcome;
  /** Digits in the smallest unit, e.g. cents, above zero; null: the line needs no amount. */
  readonly amount: string | null;
  readonly unit: string;
  /** In UTC, without a zone; null: the line is not final. */
  readonly at: string | null;
  /** Distinguishes two executions of one transaction: the minute, or a hash of the provider's id. */
  readonly mark: number;
}

/** Providers that have statements. */
export type StatementProvider = 'latcom' | 'latam-pass';

/** Returns the trimmed text of a column by its name; empty for a column that the file does not have. */
export type Cell = (column: string) => string;

interface Column {
  readonly isOptional: boolean;
  /** The pattern of a plain cell: a regular expression without capturing groups. null: the column is not read. */
  readonly plain: string | null;
}

export interface Format {
  readonly columns: Readonly<Record<string, Column>>;
  /** The columns of the ids, also used for bad lines. */
  readonly ids: Readonly<Record<keyof LineIds, string | null>>;
  /** Reads any line, in the slow path. @throws BadLine */
  readonly read: (cell: Cell, notation: CellNotation) => StatementLine;
  /** The same values for the fast path, for lines whose cells are all plain. */
  readonly plain: readonly (PlainValue | string)[];
  /** The mark of a plain line. */
  readonly mark: { readonly column: string; readonly as: 'minute' | 'hash' };
}

/** The conversion of a plain cell's bytes. An empty or absent cell becomes `otherwise`. */
export interface PlainValue {
  readonly column: string;
  /** `digits`: without the point. `outcome`: true when it begins with S, as in SUCCESS. `utc`: without the Z. */
  readonly as: 'text' | 'digits' | 'outcome' | 'utc';
  readonly otherwise: string;
}

/** NULL in PostgreSQL's text format. */
const NULL = '\\N';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
/**
 * An id with a digit (a word may be a total), without 13 digits in a row (a card number), and not a decimal like `1.0`.
 */
const TEXT = String.raw`(?:${UUID}|(?=[A-Za-z_.:/-]*\d)(?![\w.:/-]*?\d(?:-?\d){12})(?!\d+\.0+(?![\w.:/-]))[\w.:/-]{1,64})`;
const DAY = String.raw`(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))`;
const UTC = String.raw`(?!0000)\d{4}-${DAY}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z`;

const required = (plain: string): Column => ({ isOptional: false, plain });
const optional = (plain: string | null): Column => ({ isOptional: true, plain: plain && `(?:${plain})?` });

const CENTS = { scale: 2, maxDigits: 12 };
const POINTS = { scale: 0, maxDigits: 15 };

export const FORMATS: Readonly<Record<StatementProvider, Format>> = {
  latcom: {
    columns: {
      distributor_transaction_id: required(UUID),
      status: required('SUCCESS|FAIL'),
      amount: required(String.raw`[1-9]\d{0,11}\.\d\d`),
      currency: optional('[A-Z]{3}'),
      date: required(UTC),
    },
    ids: {
      transactionId: 'distributor_transaction_id',
      providerReference: null,
      reference: 'distributor_transaction_id',
    },
    read: readTopup,
    // In the column order of the table into which lines are copied.
    plain: [
      { column: 'distributor_transaction_id', as: 'text', otherwise: NULL },
      NULL,
      NULL,
      { column: 'status', as: 'outcome', otherwise: NULL },
      { column: 'amount', as: 'digits', otherwise: NULL },
      { column: 'currency', as: 'text', otherwise: PESO_UNIT },
      { column: 'date', as: 'utc', otherwise: NULL },
    ],
    mark: { column: 'date', as: 'minute' },
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
    ids: { transactionId: 'partnerAccrualId', providerReference: 'latamAccrualId', reference: 'partnerTransactionId' },
    read: readAccrual,
    plain: [
      { column: 'partnerAccrualId', as: 'text', otherwise: NULL },
      { column: 'latamAccrualId', as: 'text', otherwise: NULL },
      { column: 'partnerTransactionId', as: 'text', otherwise: NULL },
      't',
      { column: 'points', as: 'digits', otherwise: NULL },
      POINTS_UNIT,
      { column: 'date', as: 'utc', otherwise: NULL },
    ],
    mark: { column: 'latamAccrualId', as: 'hash' },
  },
};

export function isStatementProvider(provider: string): provider is StatementProvider {
  return Object.hasOwn(FORMATS, provider);
}

/** LATCOM repeats the id it was given: the gateway's transaction id, or an id of another system. */
function readTopup(cell: Cell, notation: CellNotation): StatementLine {
  const id = idOf(cell('distributor_transaction_id'), 'distributor_transaction_id');
  const transactionId = uuidOf(id);
  const ids = { transactionId, providerReference: null, reference: transactionId === null ? id : null };
  const status = statusOf(cell('status'), 'status');
  if (status === 'pending') return notFinal(ids, PESO_UNIT);
  const text = cell('amount');
  const given = amountOf(text, 'amount', notation, CENTS);
  const amount = status === 'succeeded' ? requireAmount(given, text, 'amount') : given;
  const unit = currencyOf(cell('currency'), 'currency');
  const { utc, mark } = timeOf(cell('date'), 'date', notation);
  return { ...ids, outcome: outcomeBy(amount, status), amount: amount?.digits ?? null, unit, at: utc, mark };
}

function readAccrual(cell: Cell, notation: CellNotation): StatementLine {
  const providerReference = idOf(cell('latamAccrualId'), 'latamAccrualId');
  const ids = {
    transactionId: uuidOf(optionalId(cell, 'partnerAccrualId') ?? ''),
    providerReference,
    reference: optionalId(cell, 'partnerTransactionId'),
  };
  const text = cell('points');
  const amount = requireAmount(amountOf(text, 'points', notation, POINTS), text, 'points');
  const { utc } = timeOf(cell('date'), 'date', notation);
  const bytes = Buffer.from(providerReference);
  const mark = hashOf(bytes, 0, bytes.length) >>> 1;
  return { ...ids, outcome: outcomeBy(amount, 'succeeded'), amount: amount.digits, unit: POINTS_UNIT, at: utc, mark };
}

function optionalId(cell: Cell, column: string): string | null {
  return cell(column) === '' ? null : idOf(cell(column), column);
}

function notFinal(ids: LineIds, unit: string): StatementLine {
  return { ...ids, outcome: 'pending', amount: null, unit, at: null, mark: 0 };
}

/** A negative amount is a reversal, whatever the status. */
function outcomeBy(amount: { readonly isNegative: boolean } | null, outcome: LineOutcome): LineOutcome {
  return amount?.isNegative ? 'reversal' : outcome;
}
