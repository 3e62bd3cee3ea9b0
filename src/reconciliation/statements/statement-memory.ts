import type { PoolClient } from 'pg';
import type { IdRange } from './fast-path/id-range.js';
import { millisecondsOf } from './statement-tables.js';

/** What is executed has a mark. */
const MARK = `case when succeeded then mark end`;

/** Lines that were added since the one at $1. */
const GATHER = `
with batch as (
  select max(ctid) as last, array_agg(transaction_id) filter (where transaction_id is not null) as ids,
    array_agg(${MARK}) filter (where transaction_id is not null) as marks,
    array_agg(transaction_id) filter (where again) as again
  from lines where ctid > $1::tid
), page as (
  insert into pages select ids, marks from batch where ids is not null
), suspected as (
  insert into suspects select unnest(again) from batch
)
select last::text from batch`;

const LINES_OF_PAGE = 10_000;
const ALL_PAGES = `
insert into pages select array_agg(transaction_id), array_agg(${MARK}) from lines
where transaction_id is not null group by line_no / ${LINES_OF_PAGE}`;

const REMEMBER = `
insert into statement_pages (run_id, provider, low, high, ids, marks)
select $1, $2, ${millisecondsOf('$3::uuid')}, ${millisecondsOf('$4::uuid')}, ids, marks from pages where $3 is not null`;

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

/** Before the first line. */
export const NO_LINE = '(0,0)';

/** What was copied into `lines` behind the place `after` goes into `pages` and `suspects`. Answers the place of the last. */
export async function gatherLines(client: PoolClient, after: string): Promise<string> {
  const { rows } = await client.query<{ last: string | null }>(GATHER, [after]);
  return rows[0]?.last ?? after;
}

/** The table `pages` anew, when lines were taken away. Within the transaction of `client`. */
export async function remakePages(client: PoolClient): Promise<void> {
  await client.query(`truncate pages`);
  // Sorted and a page after the other: memory does not grow with the file.
  await client.query(`set local enable_hashagg = off`);
  await client.query(ALL_PAGES);
  await client.query(`set local enable_hashagg = on`);
}

/**
 * What a statement had: no more than which transactions, and when they were executed (or the provider's id as a hash). So
 * that they are not missing in a later one, and a second execution is found. Within the transaction of `client`.
 */
export async function rememberLines(
  client: PoolClient,
  { id, provider }: { readonly id: string; readonly provider: string },
  { first, last }: IdRange,
): Promise<void> {
  await client.query(REMEMBER, [id, provider, first, last]);
  await client.query(OTHERS, [id, provider]);
}
