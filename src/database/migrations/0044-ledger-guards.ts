import type { MigrationInterface, QueryRunner } from 'typeorm';

const GUARDS = `
-- Whose an account is, and of which unit, never changes: otherwise balances could be given to another without a trace.
create trigger ledger_accounts_append_only before update or delete or truncate on ledger_accounts
  for each statement execute function refuse_change();
-- What was found wrong later.
create index transaction_events_corrected on transaction_events (at) where evidence = 'correction' and to_status is null;
`;

/** Accounts are append-only like what is posted on them, and corrections are found by their time. */
export class LedgerGuards1795224400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(GUARDS);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
