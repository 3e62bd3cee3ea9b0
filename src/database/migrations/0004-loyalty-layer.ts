import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Public keys of a provider as they were seen last, to notice when they are exchanged. */
const KEYS = `
create table provider_keys (
  name text primary key,
  fingerprint bytea not null,
  changed_at timestamptz not null default now()
);
`;

/** What LoyaltyLayer needs beyond the first release. */
export class LoyaltyLayer1795219500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const part of [KEYS]) await runner.query(part);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
