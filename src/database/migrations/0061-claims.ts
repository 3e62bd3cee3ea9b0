import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Empty columns without a default: no row is written, and nothing but a claim ever writes them. */
const COLUMNS = `
alter table transactions add column claim_id uuid, add column claim_epoch integer;
comment on column transactions.claim_id is
  'the claim that began the last attempt, so that its maker finds the row when the answer to the claim was lost';
comment on column transactions.claim_epoch is 'the epoch that this claim made'`;

/** A claim whose answer was lost can be found. */
export class Claims1795226100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(COLUMNS);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
