import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which operations went to a provider in one call, written before the call is made. Append-only, like the events. */
const BATCHES = `
create table transaction_batches (
  batch_id uuid not null,
  position integer not null,
  transaction_id uuid not null,
  app_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  primary key (batch_id, position)
);
create index transaction_batches_transaction on transaction_batches (transaction_id);
comment on column transaction_batches.position is 'in the list that was sent, from 0';
create trigger transaction_batches_append_only before update or delete or truncate on transaction_batches
  for each statement execute function refuse_change();
`;

/** Several operations in one call to a provider. */
export class Batches1795220100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(BATCHES);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
