import type { PoolClient } from 'pg';
import type { IdRange } from './fast-path/id-range.js';
import { millisecondsOf } from './statement-tables.js';

/** Executed lines have a mark. */
const MARK = `case when succeeded then mark end`;

/** Copies what is remembered of the lines behind the place $1 into `pages`, and possible duplicates into `suspects`. */
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

/** How far the table `lines` has been gathered into `pages` and `suspects`. */
export interface Gathered {
  /** The place in the table behind which nothing was gathered. */
  readonly last: string;
  readonly count: number;
}

export const NOTHING_GATHERED: Gathered = { last: '(0,0)', count: 0 };

/**
 * Gathers the lines that were added since the last call. PostgreSQL may put a short line into a gap in front of them, where it
 * is missed: the count is lower than the number of lines then.
 */
export async function gatherLines(client: PoolClient, { last, count }: Gathered): Promise<Gathered> {
  const { rows } = await client.query<{ last: string | null; count: number }>(GATHER, [last]);
  return { last: rows[0]?.last ?? last, count: count + (rows[0]?.count ?? 0) };
}

/** Gathers all lines from the beginning, in a transaction of its own. */
export async function gatherAgain(client: PoolClient): Promise<void> {
  await client.query(`begin`);
  await remakePages(client);
  await client.query(`truncate suspects`);
  await client.query(`insert into suspects select transaction_id from lines where again`);
  await client.query(`commit`);
}

/** Fills `pages` from the beginning: after lines were set aside, or missed. Runs in the caller's transaction. */
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
