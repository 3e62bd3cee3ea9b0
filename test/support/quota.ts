import { withClient } from './sql.js';

/** The name of LoyaltyLayer's quota in the database; its slots are 50 ms long. */
const BUDGET = 'loyalty-layer:default';
const SLOT_MS = 50;

/** Replaces the counted requests by `used` requests of the last moment. */
export async function useUpQuota(databaseUrl: string, used: number): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query('begin');
    await client.query(`insert into provider_quotas (name) values ($1) on conflict do nothing`, [BUDGET]);
    await client.query(`select from provider_quotas where name = $1 for update`, [BUDGET]);
    await client.query(`delete from provider_quota_slots where name = $1`, [BUDGET]);
    await client.query(
      `insert into provider_quota_slots (name, slot, used)
       values ($1, floor(extract(epoch from clock_timestamp()) * 1000 / $2)::bigint, $3)`,
      [BUDGET, SLOT_MS, used],
    );
    await client.query('commit');
  });
}
