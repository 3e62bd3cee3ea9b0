import type { PoolClient, QueryResultRow } from 'pg';
import { closeExplained, hideDecided } from './keep-breaks.js';
import * as sql from './statement-matcher.sql.js';
import type { Dated } from '../statement-period.js';

/** Limit for one step over a whole statement. A million lines against a million rows take about one second. */
export const TIMEOUT_MS = 15 * 60_000;

export interface MatchRequest {
  readonly provider: string;
  readonly to: Date | null;
}

/**
 * Compares the statement in `lines` and `named_lines` with the ledger, in the transaction of `client`. Differences that
 * are not decided yet are in the table `found` afterwards. Returns their number by class.
 */
export async function matchStatement(
  client: PoolClient,
  { provider, to }: MatchRequest,
  { file, since, until }: Dated,
): Promise<Record<string, number>> {
  const run = async (text: string, values: unknown[] = []): Promise<unknown> => client.query(text, values);
  await run(`set local jit = off`);
  // Joining in parts that fit into the processor's cache is faster.
  await run(`set local work_mem = '2MB'`);
  await run(`set local hash_mem_multiplier = 1`);
  // The planner cannot estimate the number of matches. A whole statement must not be joined row by row or sorted.
  await run(`set local enable_nestloop = off`);
  await run(`set local enable_mergejoin = off`);
  await run(sql.SUSPECT_BREAKS, [provider]);
  await run(`analyze suspects`);
  const { first, last } = file.ids;
  await run(sql.DIFFERING, [provider, since, to, until, first, last]);
  await run(`set local enable_nestloop = on`);
  await run(`set local hash_mem_multiplier to default`);
  await run(`set local work_mem = '64MB'`);
  await run(sql.EXPECTED_ELSEWHERE, [provider, since, to, until, first, last]);
  await run(`analyze differing`);
  await run(sql.ODD);
  await run(`analyze odd, named_lines`);
  await run(sql.OTHERS, [provider]);
  await run(sql.NAMED, [provider]);
  await run(`analyze others, named`);
  await run(sql.NOT_MISSING);
  await loadEarlierStatements(client, provider, file);
  if (await isAny(client, 'others')) await run(sql.TWINS);
  await run(sql.KNOWN, [provider]);
  await run(sql.JUDGED);
  await run(`analyze judged`);
  await run(sql.FOUND, [until]);
  await run(`analyze found`);
  await closeExplained(client, provider);
  await hideDecided(client, provider, file.content);
  const counts = await rowsOf<{ class: string; count: number }>(
    client,
    `select class, count(*)::int as count from found group by class order by class`,
  );
  return Object.fromEntries(counts.map((row) => [row.class, row.count]));
}

/** Loads earlier statements' content for the transactions of this one, and finds second executions. */
async function loadEarlierStatements(
  client: PoolClient,
  provider: string,
  { ids, content }: Dated['file'],
): Promise<void> {
  const { first, last } = ids;
  const [range] = await rowsOf<{ low: string | null; high: string | null }>(client, sql.ID_RANGE, [first, last]);
  await client.query(sql.PRIOR, [provider, range?.low, range?.high, content]);
  if (!(await isAny(client, 'prior'))) return;
  await client.query(`analyze prior`);
  await client.query(sql.HAD_BEFORE);
  await client.query(sql.BILLED_AGAIN, [provider]);
}

async function isAny(client: PoolClient, table: 'others' | 'prior'): Promise<boolean> {
  return (await rowsOf(client, `select from ${table} limit 1`)).length > 0;
}

async function rowsOf<Row extends QueryResultRow>(
  client: PoolClient,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  return (await client.query<Row>(text, values)).rows;
}
