import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Purchases tell balances without their currency, thousands between two answers that name it: whoever shows a balance looked
 * through all of them for the last one that does.
 */
const CURRENCIES = `
create index provider_balances_currency on provider_balances (provider, at) where currency is not null;
`;

/** The currency of a provider's balance is found by index. */
export class ToldCurrencies1795225700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CURRENCIES);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
