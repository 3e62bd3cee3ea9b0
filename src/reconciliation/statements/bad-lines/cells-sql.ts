import { MAX_CELL_LENGTH } from './kept-cells.js';
import type { RecognizedFormat } from '../reading/statement-file.js';
import type { StatementProvider } from '../reading/statement-format.js';
import { columnsInOrder } from '../reading/statement-header.js';

/** SQL expressions that write a row of `lines` as statement cells, with a decimal point. */
const CELLS: Readonly<Record<StatementProvider, Readonly<Record<string, string>>>> = {
  latcom: {
    distributor_transaction_id: 'coalesce(transaction_id::text, reference)',
    status: `case when succeeded then 'SUCCESS' else 'FAIL' end`,
    amount: '(amount / 100.0)::numeric(20, 2)::text',
    currency: 'unit',
    date: `at || 'Z'`,
  },
  'latam-pass': {
    latamAccrualId: 'provider_reference',
    partnerAccrualId: 'transaction_id::text',
    partnerTransactionId: 'reference',
    points: 'amount::text',
    date: `at || 'Z'`,
  },
};

/**
 * A SQL array of the cells, in the order of the file, of a line that was read before it turned out to be bad. The cells
 * are in the gateway's notation; cells of unread columns are empty.
 */
export function cellsSql(provider: StatementProvider, { columns, decimal }: RecognizedFormat): string {
  const cells = columnsInOrder(Object.entries(columns)).map((column) => {
    const cell = CELLS[provider][column];
    if (cell === undefined) return `''`;
    const written = column === 'amount' && decimal === ',' ? `replace(${cell}, '.', ',')` : cell;
    return `case when length(${written}) > ${MAX_CELL_LENGTH} then null else coalesce(${written}, '') end`;
  });
  return `array[${cells.join(', ')}]::text[]`;
}
