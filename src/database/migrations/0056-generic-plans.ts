import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Both are asked with each batch of new transactions, and each time their statements were planned anew, for these very
 * values: 150 µs, a quarter of what recording a lonely one cost. The plan is the same whatever the values are: by index.
 */
const PLANNED_ONCE = `
alter function admit_transactions(bigint[], uuid[], bytea[], timestamptz, text[], numeric[], bigint[])
  set plan_cache_mode = force_generic_plan;
alter function float_left(text, numeric, uuid) set plan_cache_mode = force_generic_plan;
`;

/** What stands before the record of new transactions is planned once a connection. */
export class GenericPlans1795225600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(PLANNED_ONCE);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
