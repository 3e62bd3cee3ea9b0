import type { MigrationInterface, QueryRunner } from 'typeorm';

const CHECK = `
create table encryption_key_check (
  singleton boolean primary key default true check (singleton),
  sealed bytea not null,
  created_at timestamptz not null default clock_timestamp()
);
comment on table encryption_key_check is 'one row at most: every start has to open it';
comment on column encryption_key_check.sealed is 'a fixed text, encrypted under the ENCRYPTION_KEY of the first start';

create trigger encryption_key_check_append_only before update or delete or truncate on encryption_key_check
  for each statement execute function refuse_change();`;

/** A value by which every start knows whether its ENCRYPTION_KEY is the one of this database. */
export class EncryptionKeyCheck1795226300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CHECK);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
