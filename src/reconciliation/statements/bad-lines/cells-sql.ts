import { statementFormatOf } from '../../../providers/declared.js';
import type { RecognizedFormat } from '../reading/statement-file.js';
import { columnsInOrder } from '../reading/statement-header.js';
import { MAX_CELL_LENGTH } from './kept-cells.js';

/**
 * SQL for the cells of a line that was read before it turned out to be bad: an array in the order of the file, in the
 * gateway's notation, with the decimal mark of the file. A cell of a column that is not read is empty.
 */
export function cellsSql(provider: string, { columns, decimal }: RecognizedFormat): string {
  const format = statementFormatOf(provider);
  const cells = columnsInOrder(Object.entries(columns)).map((column) => {
    const { rewrite = null, isDecimal } = format.columns[column] ?? {};
    if (rewrite === null) return `''`;
    const cell = isDecimal && decimal === ',' ? `replace(${rewrite}, '.', ',')` : rewrite;
    return `case when length(${cell}) > ${MAX_CELL_LENGTH} then null else coalesce(${cell}, '') end`;
  });
  return `array[${cells.join(', ')}]::text[]`;
}
