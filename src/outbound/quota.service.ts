import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { describeError, logger } from '../common/log.js';
import { ProviderError } from '../connector/connector.js';
import { PrefetchedPermits, type Permit } from './prefetched-permits.js';
import { ceilingOf, PRIORITIES, turnOf, type Priority } from './priorities.js';
import { gridOf, isTight, type Grid, type QuotaRule } from './quota-rule.js';
import { readFreeInMs, readUsage, type Usage } from './quota-usage.js';

/** The failure reason of a request that got no permit. Nothing was sent, and nothing is wrong. */
export const QUOTA_USED_UP = 'quota_used_up';

interface GrantRow {
  granted: number;
  slot: string;
  /** Milliseconds until the next permit for those that got none. */
  waitMs: number;
}

interface PermitRequest {
  readonly priority: Priority;
  readonly resolve: (permit: Permit) => void;
  readonly reject: (error: unknown) => void;
}

const MAX_PERMITS_AT_ONCE = 64;

/** Takes permits under the row lock of the quota, in one commit: the count is stored before the request is sent. */
const TAKE = `select granted, at_slot as slot, wait_ms as "waitMs" from take_quota($1, $2, $3, $4, $5, $6, $7)`;

const SETTLE = `select settle_quota($1, $2, $3, $4)`;

const PRUNE = `
delete from provider_quota_slots
where name = $1 and slot <= floor(extract(epoch from clock_timestamp()) * 1000 / $2)::bigint - $3`;

/** After the pause comes a probe: one request, and more only if it is not refused. */
const BLOCK = `
insert into provider_quotas as q (name, blocked_until, probing)
values ($1, clock_timestamp() + $2 * interval '1 ms', $3)
on conflict (name) do update
set blocked_until = greatest(q.blocked_until, clock_timestamp() + $2 * interval '1 ms'), probing = $3,
  probed_at = null`;

/** 2 s is longer than the interval between two checks for aged work. */
const FAVOR_AGED = `
insert into provider_quotas as q (name, waited_until) values ($1, clock_timestamp() + interval '2 s')
on conflict (name) do update set waited_until = clock_timestamp() + interval '2 s',
  owed = case when q.waited_until > clock_timestamp() then q.owed else 0 end`;

/**
 * Keeps all instances together under a provider's rate limit. Permits are counted in PostgreSQL over a sliding window
 * before their request is sent. Simultaneous requests for permits are served together, the highest priority first.
 */
@Injectable()
export class Quota {
  private readonly requests = new Map<string, PermitRequest[]>();
  /** Prefetched permits of quotas that are not tight, by name and priority. */
  private readonly stocks = new Map<string, Map<Priority, PrefetchedPermits>>();
  private prunedAtMs = 0;

  constructor(private readonly database: Database) {}

  /** @throws ProviderError `not-sent` (`quota_used_up`) with the time until the next permit */
  take(rule: QuotaRule, priority: Priority = 'token'): Promise<Permit> {
    const stocked = this.stockOf(rule, priority)?.take();
    if (stocked) return Promise.resolve(stocked);
    return new Promise((resolve, reject) => {
      const waiting = this.requests.get(rule.name);
      if (waiting) {
        waiting.push({ priority, resolve, reject });
        return;
      }
      this.requests.set(rule.name, [{ priority, resolve, reject }]);
      setImmediate(() => void this.serve(rule));
    });
  }

  /**
   * Call it at the end of a call: its request has arrived at the provider by now. `answered`: the answer was not a 429.
   * If this write fails, the permit stays counted in its old slot.
   */
  async settle(rule: QuotaRule, permit: Permit, answered: boolean): Promise<void> {
    if (!isTight(rule)) return;
    const values = [rule.name, permit.slot, gridOf(rule).slotMs, answered];
    await this.database.query(SETTLE, values).catch((error: unknown) => logUnwritten(rule, 'a permit', error));
  }

  /** The provider answered 429: no instance calls it before this time has passed. */
  async block(rule: QuotaRule, forMs: number): Promise<void> {
    for (const stock of this.stocks.get(rule.name)?.values() ?? []) stock.clear();
    // The result of a probe is only known in a tight quota, where every answer is counted.
    await this.database.query(BLOCK, [rule.name, Math.ceil(forMs), isTight(rule)]);
  }

  /** Gives aged work every other permit for the next 2 s. */
  async favorAged(rule: QuotaRule): Promise<void> {
    await this.database.query(FAVOR_AGED, [rule.name]);
  }

  usage(rule: QuotaRule): Promise<Usage> {
    return readUsage(this.database, rule);
  }

  /** Milliseconds until a priority can get `permits` permits; `permits` must fit into one window. */
  freeInMs(rule: QuotaRule, priority: Priority, permits: number): Promise<number> {
    return readFreeInMs(this.database, rule, priority, permits);
  }

  private async serve(rule: QuotaRule): Promise<void> {
    const grid = gridOf(rule);
    for (;;) {
      const waiting = this.requests.get(rule.name) ?? [];
      const priority = PRIORITIES.find((one) => waiting.some((request) => request.priority === one));
      if (priority === undefined) break;
      const batch = waiting.filter((request) => request.priority === priority).slice(0, MAX_PERMITS_AT_ONCE);
      this.requests.set(
        rule.name,
        waiting.filter((request) => !batch.includes(request)),
      );
      await this.grant(rule, priority, batch, grid);
    }
    this.requests.delete(rule.name);
    await this.prune(rule, grid);
  }

  private async grant(rule: QuotaRule, priority: Priority, batch: readonly PermitRequest[], grid: Grid): Promise<void> {
    const { slotMs, slots, marginSlots } = grid;
    const stock = this.stockOf(rule, priority);
    const wanted = batch.length + (stock?.prefetchCount() ?? 0);
    const values = [rule.name, wanted, ceilingOf(priority, rule.limit), slotMs, slots, marginSlots, turnOf(priority)];
    try {
      const [row] = await this.database.prepared<GrantRow>('quota_take', TAKE, values);
      settleRequests(batch, row);
      if (row) stock?.fill(Math.max(row.granted - batch.length, 0), row.slot);
    } catch (error) {
      for (const request of batch) {
        request.reject(new ProviderError('not-sent', 'quota_unknown', { retryAfterMs: 1_000, cause: error }));
      }
    }
  }

  /** null: the quota is tight, and every permit is counted exactly. */
  private stockOf(rule: QuotaRule, priority: Priority): PrefetchedPermits | null {
    if (isTight(rule)) return null;
    const stocks = this.stocks.get(rule.name) ?? new Map<Priority, PrefetchedPermits>();
    this.stocks.set(rule.name, stocks);
    const stock = stocks.get(priority) ?? new PrefetchedPermits(rule.limit);
    stocks.set(priority, stock);
    return stock;
  }

  /** Deletes old slots once a minute. They only cost space, so a failure can wait for the next time. */
  private async prune(rule: QuotaRule, { slotMs, slots }: Grid): Promise<void> {
    if (performance.now() - this.prunedAtMs < 60_000) return;
    this.prunedAtMs = performance.now();
    const values = [rule.name, slotMs, slots];
    await this.database
      .query(PRUNE, values)
      .catch((error: unknown) => logUnwritten(rule, 'the end of old slots', error));
  }
}

function logUnwritten({ name }: QuotaRule, what: string, error: unknown): void {
  logger.warn({ quota: name, what, ...describeError(error) }, 'a quota could not be written');
}

function settleRequests(batch: readonly PermitRequest[], row: GrantRow | undefined): void {
  const granted = row?.granted ?? 0;
  const retryAfterMs = Math.max(row?.waitMs ?? 0, 100);
  batch.forEach((request, index) => {
    if (row && index < granted) request.resolve({ slot: row.slot });
    else request.reject(new ProviderError('not-sent', QUOTA_USED_UP, { retryAfterMs }));
  });
}
