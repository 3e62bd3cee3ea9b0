import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Sweeps all begin at the beginning of time: what tells the nights apart is where they end. */
const EVERY_NIGHT = `
drop index reconciliations_scheduled;
create unique index reconciliations_scheduled on reconciliations (provider, kind, from_at, to_at)
  where created_by = 'gateway';
`;

export class EveryNight1795220500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(EVERY_NIGHT);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
