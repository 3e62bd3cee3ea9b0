import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What is out is a handful of rows among millions, but their number is not what statistics of single columns suggest:
 * after an ANALYZE the planner read the whole table (27 ms with 35,000 rows, for each batch of purchases). And a bitmap
 * never marks the index entries of what has ended as dead, so that each look was slower than the one before.
 */
const FLOAT_BY_INDEX = `
alter function float_left(text, numeric, uuid) set enable_seqscan = off set enable_bitmapscan = off;
`;

/**
 * New pages are in no summary until autovacuum comes by, once a minute, and every look for the newest rows reads them
 * all. Only the owner of a table may ask for summaries. Whoever holds the lock makes summaries itself (VACUUM), or is
 * done soon: nobody waits for it.
 */
const SUMMARIES = `
create function summarise_ledger() returns void language plpgsql security definer set search_path from current
set lock_timeout = '50ms' as $$
begin
  perform brin_summarize_new_values('transaction_events_at');
  perform brin_summarize_new_values('ledger_entries_at');
exception when lock_not_available then
  null;
end $$;
`;

/** What runs beside the requests costs them less. */
export class LeanBackground1795225000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(FLOAT_BY_INDEX);
    await runner.query(SUMMARIES);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
