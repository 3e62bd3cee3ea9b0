import type { Database } from '../database/database.js';
import { ceilingOf, type Priority } from './priorities.js';
import { gridOf, type QuotaRule } from './quota-rule.js';

const STATE = `
select q.blocked_until as "blockedUntil", q.probing,
  greatest(extract(epoch from q.blocked_until - clock_timestamp()) * 1000, 0)::double precision as "blockedForMs",
  coalesce((select sum(s.used) from provider_quota_slots s where s.name = q.name
    and s.slot > floor(extract(epoch from clock_timestamp()) * 1000 / $2)::bigint - $3), 0)::int as used
from provider_quotas q where q.name = $1`;

/** The end of the slot after which $4 more permits are free; no row when they are free now. */
const FREE_AT = `
select greatest((min(c.slot) + $3) * $2 - extract(epoch from clock_timestamp()) * 1000, 0)::double precision as "inMs"
from (
  select s.slot, sum(s.used) over (order by s.slot) as counted, sum(s.used) over () as total
  from provider_quota_slots s
  where s.name = $1 and s.slot > floor(extract(epoch from clock_timestamp()) * 1000 / $2)::bigint - $3
) c where c.total + $4 > $5 and c.counted >= c.total + $4 - $5`;

interface StateRow {
  blockedUntil: Date | null;
  blockedForMs: number | null;
  probing: boolean;
  used: number;
}

/** The usage of a quota by all instances. */
export interface Usage {
  readonly used: number;
  /** null: no instance is blocked. */
  readonly blockedUntil: Date | null;
  readonly blockedForMs: number;
  /** True after a block, until a probe has shown that the block is over. */
  readonly probing: boolean;
}

export async function readUsage(database: Database, rule: QuotaRule): Promise<Usage> {
  const { slotMs, slots } = gridOf(rule);
  const [row] = await database.query<StateRow>(STATE, [rule.name, slotMs, slots]);
  const blockedForMs = row?.blockedForMs ?? 0;
  return {
    used: row?.used ?? 0,
    blockedUntil: blockedForMs > 0 ? (row?.blockedUntil ?? null) : null,
    blockedForMs,
    probing: row?.probing ?? false,
  };
}

/** Milliseconds until a priority can get `permits` permits; `permits` must fit into one window. */
export async function readFreeInMs(
  database: Database,
  rule: QuotaRule,
  priority: Priority,
  permits: number,
): Promise<number> {
  const { slotMs, slots } = gridOf(rule);
  const values = [rule.name, slotMs, slots, permits, ceilingOf(priority, rule.limit)];
  return (await database.query<{ inMs: number | null }>(FREE_AT, values))[0]?.inMs ?? 0;
}
