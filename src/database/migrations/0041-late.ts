import type { MigrationInterface, QueryRunner } from 'typeorm';

const LATE = `
create index resources_closed on resources (coalesce(erased_at, blocked_at)) where coalesce(erased_at, blocked_at) is not null;
insert into purge_tasks (name) values ('late');`;

export class Late1795223100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(LATE);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
