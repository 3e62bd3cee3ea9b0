import type { PoolClient } from 'pg';
import type { IdRange } from './id-range.js';
import { millisecondsOf } from './statement-tables.js';

/** Blocks of the table `lines` that make a page: some ten thousand lines. */
const BLOCKS = 128;

/** Lines with our id, from block to block: the table is read once, in the order in which it was written. */
const PAGE = `
insert into statement_pages (run_id, provider, low, high, ids, marks)
select $1, $2, $3, $4, array_agg(transaction_id), array_agg(case when succeeded then mark end)
from lines where ctid >= $5::tid and ctid < $6::tid and transaction_id is not null having count(*) > 0`;

/** What lines name by other ids, or without saying more. */
const OTHERS = `
insert into statement_pages (run_id, provider, low, high, ids, marks)
select $1, $2, min(ms), max(ms), array_agg(id), array_agg(mark)
from (
  select id, mark, ${millisecondsOf('id')} as ms from (
    select transaction_id as id, case when succeeded then mark end as mark from judged
    where transaction_id is not null and said is distinct from transaction_id
    union all select id, null from named where id is not null) rows
) rows having count(*) > 0`;

/**
 * What a statement had: no more than which transactions, and when they were executed (or the provider's id as a hash). So
 * that they are not missing in a later one, and a second execution is found. Within the transaction of `client`.
 */
export async function rememberLines(
  client: PoolClient,
  { id, provider }: { readonly id: string; readonly provider: string },
  { low, high }: IdRange,
): Promise<void> {
  const { rows } = await client.query<{ blocks: number }>(
    `select (pg_relation_size('pg_temp.lines') / current_setting('block_size')::integer)::integer as blocks`,
  );
  const blocks = high < low ? 0 : (rows[0]?.blocks ?? 0);
  for (let block = 0; block < blocks; block += BLOCKS) {
    await client.query(PAGE, [id, provider, low, high, `(${block},0)`, `(${block + BLOCKS},0)`]);
  }
  await client.query(OTHERS, [id, provider]);
}
