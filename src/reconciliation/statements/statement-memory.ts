import type { PoolClient } from 'pg';
import type { IdRange } from './fast-path/id-range.js';
import { millisecondsOf } from './statement-tables.js';

/** Only executed lines have a mark. */
const MARK = `case when succeeded then mark end`;

/** Copies ids and marks of the lines after the place $1 to `pages`, and possible duplicates to `suspects`. */
const GATHER = `
with batch as (
  select max(ctid) as last, count(*)::integer as count, array_agg(transaction_id) filter (where transaction_id is not null) as ids,
    array_agg(${MARK}) filter (where transaction_id is not null) as marks,
    array_agg(transaction_id) filter (where again) as again
  from lines where ctid > $1::tid
), page as (
  insert into pages select ids, marks from batch where ids is not null
), suspected as (
  insert into suspects select unnest(again) from batch
)
select last::text, count from batch`;

const LINES_OF_PAGE = 10_000;
const ALL_PAGES = `
insert into pages select array_agg(transaction_id), array_agg(${MARK}) from lines
where transaction_id is not null group by line_no / ${LINES_OF_PAGE}`;

const REMEMBER = `
insert into statement_pages (run_id, provider, low, high, ids, marks)
select $1, $2, ${millisecondsOf('$3::uuid')}, ${millisecondsOf('$4::uuid')}, ids, marks from pages where $3 is not null`;

/** Transactions that lines name by other ids, and transactions of lines that were not compared. */
const OTHERS = `
insert into statement_pages (run_id, provider, low, high, ids, marks)
select $1, $2, min(ms), max(ms), array_agg(id), array_agg(mark)
from (
  select id, mark, ${millisecondsOf('id')} as ms from (
    select transaction_id as id, case when succeeded then mark end as mark from judged
    where transaction_id is not null and said is distinct from transaction_id
    union all select id, null from named where id is not null) rows
) rows having count(*) > 0`;

/** The progress of gathering the table `lines` into `pages` and `suspects`. */
export interface Gathered {
  /** The last place in the table that was gathered. */
  readonly last: string;
  readonly count: number;
}

export const NOTHING_GATHERED: Gathered = { last: '(0,0)', count: 0 };

/**
 * Gathers the lines that were added since the last call. PostgreSQL may put a short line into a gap before `last`,
 * where it is missed. The count is then lower than the number of lines.
 */
export async function gatherLines(client: PoolClient, { last, count }: Gathered): Promise<Gathered> {
  const { rows } = await client.query<{ last: string | null; count: number }>(GATHER, [last]);
  return { last: rows[0]?.last ?? last, count: count + (rows[0]?.count ?? 0) };
}

/** Gathers all lines again, in its own transaction. */
export async function gatherAgain(client: PoolClient): Promise<void> {
  await client.query(`begin`);
  await remakePages(client);
  await client.query(`truncate suspects`);
  await client.query(`insert into suspects select transaction_id from lines where again`);
  await client.query(`commit`);
}

/** Fills `pages` again after lines were removed or missed. Runs in the caller's transaction. */
export async function remakePages(client: PoolClient): Promise<void> {
  await client.query(`truncate pages`);
  // Grouping by sorting builds one page after the other, so memory does not grow with the file.
  await client.query(`set local enable_hashagg = off`);
  await client.query(ALL_PAGES);
  await client.query(`set local enable_hashagg = on`);
}

/**
 * Stores the transactions of a statement and their marks (the minute, or a hash of the provider's id), and nothing
 * else. A later statement uses them: these transactions are not missing there, and a second execution is found. Runs in
 * the transaction of `client`.
 */
export async function rememberLines(
  client: PoolClient,
  { id, provider }: { readonly id: string; readonly provider: string },
  { first, last }: IdRange,
): Promise<void> {
  await client.query(REMEMBER, [id, provider, first, last]);
  await client.query(OTHERS, [id, provider]);
}
