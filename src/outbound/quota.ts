import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { ProviderError } from '../providers/connector.js';

/** How many requests a provider allows in any window of that length. */
export interface QuotaRule {
  /** What shares the budget, e.g. an egress address. */
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

interface QuotaRow {
  granted: number;
  remaining: number;
  /** Milliseconds until a permit is to be had; 0 when one was granted. */
  waitMs: number;
}

interface Asker {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The window is counted in so many slots; a slot counts until its last moment has left the window. */
const SLOTS = 240;
/** A permit may reach the provider so much later than it was granted; the provider's clock counts the arrival. */
const ARRIVAL_MARGIN_MS = 2_000;
const MAX_PERMITS_AT_ONCE = 64;

/** Under the row lock of the budget, in one commit: the count is in the database before the request leaves. */
const GRANT = `select granted, remaining, wait_ms as "waitMs" from grant_quota($1, $2, $3, $4, $5)`;

const PRUNE = `
delete from provider_quota_slots
where name = $1 and slot <= floor(extract(epoch from clock_timestamp()) * 1000 / $2)::bigint - $3`;

const BLOCK = `
insert into provider_quotas as q (name, blocked_until) values ($1, clock_timestamp() + $2 * interval '1 ms')
on conflict (name) do update
set blocked_until = greatest(q.blocked_until, clock_timestamp() + $2 * interval '1 ms')`;

/**
 * Keeps a fleet under a provider's rate limit: permits are counted in PostgreSQL, over a sliding window, before the
 * request that uses them leaves. Those who ask at the same time are answered by one statement.
 */
@Injectable()
export class Quota {
  private readonly askers = new Map<string, Asker[]>();
  private prunedAtMs = 0;

  constructor(private readonly database: Database) {}

  /** @throws ProviderError `not-sent` (`quota_used_up`) with the time after which a permit is to be had. */
  take(rule: QuotaRule): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.askers.get(rule.name);
      if (waiting) {
        waiting.push({ resolve, reject });
        return;
      }
      this.askers.set(rule.name, [{ resolve, reject }]);
      setImmediate(() => void this.serve(rule));
    });
  }

  /** The provider said 429: nobody in the fleet calls it again before that time has passed. */
  async block(rule: QuotaRule, forMs: number): Promise<void> {
    await this.database.query(BLOCK, [rule.name, Math.ceil(forMs)]);
  }

  async blockedUntil(rule: QuotaRule): Promise<Date | null> {
    const rows = await this.database.query<{ until: Date }>(
      `select blocked_until as until from provider_quotas where name = $1 and blocked_until > clock_timestamp()`,
      [rule.name],
    );
    return rows[0]?.until ?? null;
  }

  /** Requests used in the window that ends now. */
  async used(rule: QuotaRule): Promise<number> {
    const slotMs = slotLengthMs(rule);
    const rows = await this.database.query<{ used: number }>(
      `select coalesce(sum(used), 0)::int as used from provider_quota_slots
       where name = $1 and slot > floor(extract(epoch from clock_timestamp()) * 1000 / $2)::bigint - $3`,
      [rule.name, slotMs, slotsInWindow(rule, slotMs)],
    );
    return rows[0]?.used ?? 0;
  }

  private async serve(rule: QuotaRule): Promise<void> {
    const slotMs = slotLengthMs(rule);
    const slots = slotsInWindow(rule, slotMs);
    for (;;) {
      const asking = this.askers.get(rule.name)?.splice(0, MAX_PERMITS_AT_ONCE) ?? [];
      if (asking.length === 0) break;
      try {
        const rows = await this.database.prepared<QuotaRow>('quota_grant', GRANT, [
          rule.name,
          asking.length,
          rule.limit,
          slotMs,
          slots,
        ]);
        answer(asking, rows[0]);
      } catch (error) {
        for (const asker of asking) {
          asker.reject(new ProviderError('not-sent', 'quota_unknown', { retryAfterMs: 1_000, cause: error }));
        }
      }
    }
    this.askers.delete(rule.name);
    await this.prune(rule, slotMs, slots);
  }

  /** Old slots cost only space: once a minute is enough, and a failure is made good by the next. */
  private async prune(rule: QuotaRule, slotMs: number, slots: number): Promise<void> {
    if (performance.now() - this.prunedAtMs < 60_000) return;
    this.prunedAtMs = performance.now();
    await this.database.query(PRUNE, [rule.name, slotMs, slots]).catch(() => undefined);
  }
}

function answer(asking: readonly Asker[], row: QuotaRow | undefined): void {
  const granted = row?.granted ?? 0;
  const retryAfterMs = Math.max(row?.waitMs ?? 0, 100);
  asking.forEach((asker, index) => {
    if (index < granted) asker.resolve();
    else asker.reject(new ProviderError('not-sent', 'quota_used_up', { retryAfterMs }));
  });
}

function slotLengthMs(rule: QuotaRule): number {
  return Math.max(Math.floor(rule.windowMs / SLOTS), 1);
}

/** One slot more than the window holds, because the current one has only begun; and the margin for the way. */
function slotsInWindow(rule: QuotaRule, slotMs: number): number {
  return Math.ceil((rule.windowMs + ARRIVAL_MARGIN_MS) / slotMs) + 1;
}
