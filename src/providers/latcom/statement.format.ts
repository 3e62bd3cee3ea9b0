import { PESO_UNIT } from '../../ledger/model/units.js';
import {
  amountOf,
  currencyOf,
  idOf,
  requireAmount,
  statusOf,
  timeOf,
  uuidOf,
  type CellNotation,
} from '../../reconciliation/statements/reading/line-cells.js';
import {
  notFinal,
  NULL,
  optional,
  outcomeBy,
  required,
  USUAL,
  type Cell,
  type StatementFormat,
  type StatementLine,
} from '../../reconciliation/statements/reading/statement-format.js';

const CENTS = { scale: 2, maxDigits: 12 };

/** LATCOM's transaction report, requested from its support. */
export const LATCOM_STATEMENT: StatementFormat = {
  columns: {
    distributor_transaction_id: required(USUAL.uuid, 'coalesce(transaction_id::text, reference)'),
    status: required('SUCCESS|FAIL', `case when succeeded then 'SUCCESS' else 'FAIL' end`),
    amount: {
      ...required(String.raw`[1-9]\d{0,11}\.\d\d`, '(amount / 100.0)::numeric(20, 2)::text'),
      isDecimal: true,
    },
    currency: optional('[A-Z]{3}', 'unit'),
    date: required(USUAL.utc, `at || 'Z'`),
  },
  ids: {
    transactionId: 'distributor_transaction_id',
    providerReference: null,
    reference: 'distributor_transaction_id',
  },
  read: readTopup,
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
};

/** The id is the one that the buyer sent: the gateway's transaction id, or an id of another system. */
function readTopup(cell: Cell, notation: CellNotation): StatementLine {
  const id = idOf(cell('distributor_transaction_id'), 'distributor_transaction_id');
  const transactionId = uuidOf(id);
  const ids = { transactionId, providerReference: null, reference: transactionId === null ? id : null };
  const status = statusOf(cell('status'), 'status');
  if (status === 'pending') return notFinal(ids, PESO_UNIT);
  const text = cell('amount');
  const given = amountOf(text, 'amount', notation, CENTS);
  const amount = status === 'succeeded' ? requireAmount(given, text, 'amount') : given;
  const unit = currencyOf(cell('currency'), 'currency', PESO_UNIT);
  const { utc, mark } = timeOf(cell('date'), 'date', notation);
  return { ...ids, outcome: outcomeBy(amount, status), amount: amount?.digits ?? null, unit, at: utc, mark };
}
