import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { describeError, logger } from '../common/log.js';
import { ProviderError } from '../connector/connector.js';
import { PrefetchedPermits, type Permit } from './prefetched-permits.js';
import { ceilingOf, PRIORITIES, turnOf, type Priority } from './priorities.js';

/** The reason of those who got no permit: nothing was sent, and nothing is wrong. */
export const QUOTA_USED_UP = 'quota_used_up';

/** How many requests a provider allows in any window of that length. */
export interface QuotaRule {
  /** What shares the budget, e.g. an egress address. */
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

interface GrantRow {
  granted: number;
  slot: string;
  /** Milliseconds until a permit is to be had by those who got none. */
  waitMs: number;
}

interface Asker {
  readonly lane: Priority;
  readonly resolve: (permit: Permit) => void;
  readonly reject: (error: unknown) => void;
}

/** Whether permits are so few that every one of them counts. */
export function isTight({ limit }: QuotaRule): boolean {
  return limit <= TIGHT_LIMIT;
}

interface Grid {
  readonly slotMs: number;
  /** In the window, and one more, because the current one has only begun. */
  readonly slots: number;
  readonly marginSlots: number;
}

/** The window is counted in so many slots; a slot counts until its last moment has left the window. */
const SLOTS = 240;
const FINE_SLOTS = 1_200;
/** Up to this limit every permit is worth a statement of its own, to be counted to the moment. */
const TIGHT_LIMIT = 1_000;
/**
 * A permit may reach the provider so much later than it was granted, and the provider counts the arrival. Of a tight
 * budget it is counted anew when the answer is there, because the arrival was before that.
 */
const ARRIVAL_MARGIN_MS = 2_000;
const MAX_PERMITS_AT_ONCE = 64;

/** Under the row lock of the budget, in one commit: the count is in the database before the request leaves. */
const TAKE = `select granted, at_slot as slot, wait_ms as "waitMs" from take_quota($1, $2, $3, $4, $5, $6, $7)`;

const SETTLE = `select settle_quota($1, $2, $3, $4)`;

const PRUNE = `
delete from provider_quota_slots
where name = $1 and slot <= floor(extract(epoch from clock_timestamp()) * 1000 / $2)::bigint - $3`;

/** What comes after the pause is a probe: one request, and more only when it was not refused. */
const BLOCK = `
insert into provider_quotas as q (name, blocked_until, probing)
values ($1, clock_timestamp() + $2 * interval '1 ms', $3)
on conflict (name) do update
set blocked_until = greatest(q.blocked_until, clock_timestamp() + $2 * interval '1 ms'), probing = $3,
  probed_at = null`;

/** For longer than the time between two looks at what waits. */
const FAVOUR = `
insert into provider_quotas as q (name, waited_until) values ($1, clock_timestamp() + interval '2 s')
on conflict (name) do update set waited_until = clock_timestamp() + interval '2 s',
  owed = case when q.waited_until > clock_timestamp() then q.owed else 0 end`;

const STATE = `
select q.blocked_until as "blockedUntil", q.probing,
  greatest(extract(epoch from q.blocked_until - clock_timestamp()) * 1000, 0)::double precision as "blockedForMs",
  coalesce((select sum(s.used) from provider_quota_slots s where s.name = q.name
    and s.slot > floor(extract(epoch from clock_timestamp()) * 1000 / $2)::bigint - $3), 0)::int as used
from provider_quotas q where q.name = $1`;

/** The slot with whose end so many permits more can be in use; none when they can now. */
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

/** A budget as it stands for the whole fleet. */
export interface Usage {
  readonly used: number;
  /** null: nobody is blocked. */
  readonly blockedUntil: Date | null;
  readonly blockedForMs: number;
  /** After a block, and nobody knows yet whether it is over. */
  readonly probing: boolean;
}

/**
 * Keeps a fleet under a provider's rate limit: permits are counted in PostgreSQL, over a sliding window, before the
 * request that uses them leaves. Those who ask at the same time are answered together, the more urgent lane first.
 */
@Injectable()
export class Quota {
  private readonly askers = new Map<string, Asker[]>();
  /** Of loose budgets, by name and lane. */
  private readonly stocks = new Map<string, Map<Priority, PrefetchedPermits>>();
  private prunedAtMs = 0;

  constructor(private readonly database: Database) {}

  /** @throws ProviderError `not-sent` (`quota_used_up`) with the time after which a permit is to be had. */
  take(rule: QuotaRule, lane: Priority = 'token'): Promise<Permit> {
    const stocked = this.stockOf(rule, lane)?.take();
    if (stocked) return Promise.resolve(stocked);
    return new Promise((resolve, reject) => {
      const waiting = this.askers.get(rule.name);
      if (waiting) {
        waiting.push({ lane, resolve, reject });
        return;
      }
      this.askers.set(rule.name, [{ lane, resolve, reject }]);
      setImmediate(() => void this.serve(rule));
    });
  }

  /**
   * The call has ended, and with that its arrival at the provider is past; `answered`: by something else than a 429. What
   * fails here leaves the permit counted where it was.
   */
  async settle(rule: QuotaRule, permit: Permit, answered: boolean): Promise<void> {
    if (!isTight(rule)) return;
    const values = [rule.name, permit.slot, gridOf(rule).slotMs, answered];
    await this.database.query(SETTLE, values).catch((error: unknown) => unwritten(rule, 'a permit', error));
  }

  /** The provider said 429: nobody in the fleet calls it again before that time has passed. */
  async block(rule: QuotaRule, forMs: number): Promise<void> {
    for (const stock of this.stocks.get(rule.name)?.values() ?? []) stock.clear();
    // Only of a tight budget every answer is counted, so only there it is seen how a probe ends.
    await this.database.query(BLOCK, [rule.name, Math.ceil(forMs), isTight(rule)]);
  }

  /** Operations have waited long: for the next two seconds newcomers get every second permit only. */
  async favourThoseWhoWait(rule: QuotaRule): Promise<void> {
    await this.database.query(FAVOUR, [rule.name]);
  }

  async usage(rule: QuotaRule): Promise<Usage> {
    const { slotMs, slots } = gridOf(rule);
    const [row] = await this.database.query<StateRow>(STATE, [rule.name, slotMs, slots]);
    const blockedForMs = row?.blockedForMs ?? 0;
    return {
      used: row?.used ?? 0,
      blockedUntil: blockedForMs > 0 ? (row?.blockedUntil ?? null) : null,
      blockedForMs,
      probing: row?.probing ?? false,
    };
  }

  /** Milliseconds until a lane can have so many permits, at most as many as it can have in one window. */
  async freeInMs(rule: QuotaRule, lane: Priority, permits: number): Promise<number> {
    const { slotMs, slots } = gridOf(rule);
    const values = [rule.name, slotMs, slots, permits, ceilingOf(lane, rule.limit)];
    return (await this.database.query<{ inMs: number | null }>(FREE_AT, values))[0]?.inMs ?? 0;
  }

  private async serve(rule: QuotaRule): Promise<void> {
    const grid = gridOf(rule);
    for (;;) {
      const waiting = this.askers.get(rule.name) ?? [];
      const lane = PRIORITIES.find((one) => waiting.some((asker) => asker.lane === one));
      if (lane === undefined) break;
      const asking = waiting.filter((asker) => asker.lane === lane).slice(0, MAX_PERMITS_AT_ONCE);
      this.askers.set(
        rule.name,
        waiting.filter((asker) => !asking.includes(asker)),
      );
      await this.grant(rule, lane, asking, grid);
    }
    this.askers.delete(rule.name);
    await this.prune(rule, grid);
  }

  private async grant(rule: QuotaRule, lane: Priority, asking: readonly Asker[], grid: Grid): Promise<void> {
    const { slotMs, slots, marginSlots } = grid;
    const stock = this.stockOf(rule, lane);
    const wanted = asking.length + (stock?.spare() ?? 0);
    const values = [rule.name, wanted, ceilingOf(lane, rule.limit), slotMs, slots, marginSlots, turnOf(lane)];
    try {
      const [row] = await this.database.prepared<GrantRow>('quota_take', TAKE, values);
      answer(asking, row);
      if (row) stock?.fill(Math.max(row.granted - asking.length, 0), row.slot);
    } catch (error) {
      for (const asker of asking) {
        asker.reject(new ProviderError('not-sent', 'quota_unknown', { retryAfterMs: 1_000, cause: error }));
      }
    }
  }

  /** null where every permit is counted to the moment. */
  private stockOf(rule: QuotaRule, lane: Priority): PrefetchedPermits | null {
    if (isTight(rule)) return null;
    const stocks = this.stocks.get(rule.name) ?? new Map<Priority, PrefetchedPermits>();
    this.stocks.set(rule.name, stocks);
    const stock = stocks.get(lane) ?? new PrefetchedPermits(rule.limit);
    stocks.set(lane, stock);
    return stock;
  }

  /** Old slots cost only space: once a minute is enough, and a failure is made good by the next. */
  private async prune(rule: QuotaRule, { slotMs, slots }: Grid): Promise<void> {
    if (performance.now() - this.prunedAtMs < 60_000) return;
    this.prunedAtMs = performance.now();
    const values = [rule.name, slotMs, slots];
    await this.database.query(PRUNE, values).catch((error: unknown) => unwritten(rule, 'the end of old slots', error));
  }
}

function unwritten({ name }: QuotaRule, what: string, error: unknown): void {
  logger.warn({ quota: name, what, ...describeError(error) }, 'a quota could not be written');
}

function answer(asking: readonly Asker[], row: GrantRow | undefined): void {
  const granted = row?.granted ?? 0;
  const retryAfterMs = Math.max(row?.waitMs ?? 0, 100);
  asking.forEach((asker, index) => {
    if (row && index < granted) asker.resolve({ slot: row.slot });
    else asker.reject(new ProviderError('not-sent', QUOTA_USED_UP, { retryAfterMs }));
  });
}

function gridOf(rule: QuotaRule): Grid {
  const { windowMs } = rule;
  const slotMs = Math.max(Math.floor(windowMs / (isTight(rule) ? FINE_SLOTS : SLOTS)), 1);
  return {
    slotMs,
    slots: Math.ceil(windowMs / slotMs) + 1,
    marginSlots: Math.ceil(ARRIVAL_MARGIN_MS / slotMs),
  };
}
