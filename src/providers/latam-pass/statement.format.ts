import { hashOf } from '../../reconciliation/statements/fast-path/bloom-filter.js';
import {
  amountOf,
  idOf,
  requireAmount,
  timeOf,
  uuidOf,
  type CellNotation,
} from '../../reconciliation/statements/reading/line-cells.js';
import {
  NOT_READ,
  NULL,
  optional,
  outcomeBy,
  required,
  USUAL,
  type Cell,
  type StatementFormat,
  type StatementLine,
} from '../../reconciliation/statements/reading/statement-format.js';
import { POINTS_UNIT } from './accruals/points.js';

const POINTS = { scale: 0, maxDigits: 15 };

/** LATAM Pass's accrual report. It lists executed accruals only. The member's number (`ffn`) is never read. */
export const LATAM_PASS_STATEMENT: StatementFormat = {
  columns: {
    latamAccrualId: required(USUAL.id, 'provider_reference'),
    partnerAccrualId: optional(USUAL.uuid, 'transaction_id::text'),
    partnerTransactionId: optional(USUAL.id, 'reference'),
    ffn: NOT_READ,
    points: required(String.raw`[1-9]\d{0,14}`, 'amount::text'),
    date: required(USUAL.utc, `at || 'Z'`),
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
};

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
