import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A statement is compared before it is acknowledged, and only what differs is kept. */
const NO_STATEMENT_LINES = `
update reconciliations set status = 'failed', completed_at = clock_timestamp(), lease_until = null,
  failure = 'The gateway was replaced before this was compared: send the statement again.'
where kind = 'statement' and (status = 'uploading' or status = 'running' and step = 'begin');
truncate statement_lines;
`;

export class NoStatementLines1795220600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(NO_STATEMENT_LINES);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
