import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Database, databaseUnavailable } from '../database/database.js';
import { describeError, logger } from '../common/log.js';

/** What the caller is told about its budget. */
export interface RateDecision {
  readonly allowed: boolean;
  readonly limit: number;
  /** Requests left in this window, as far as this instance knows. */
  readonly remaining: number;
  /** Until the window ends, rounded up. */
  readonly resetSeconds: number;
}

interface LeaseRow {
  /** Permits handed out in this window including those just asked for; null: there were none left. */
  granted: number | null;
  remainingMs: number;
}

/** What this instance holds of one app's window. */
interface Window {
  readonly limit: number;
  endsAtMs: number;
  permits: number;
  /** Handed out to the fleet, as last seen; at most the limit. */
  handedOut: number;
  /** Requests that wait for the answer to the next question. */
  waiting: number;
  asking: Promise<void> | null;
}

const WINDOW_MS = 60_000;
const PRUNE_MS = 60_000;
/** A block is this part of the limit: so many questions a minute at most, and so much an idle instance may sit on. */
const BLOCKS_PER_WINDOW = 20;
/** A request asks again when others took what it had waited for; more often only when windows end meanwhile. */
const MAX_ROUNDS = 5;

/**
 * The count grows by whole blocks and may overshoot the limit, so that what was granted of a block can be told from the
 * new count alone. Once it has reached the limit it is not touched any more.
 */
const LEASE = `
with clock as (select extract(epoch from clock_timestamp()) * 1000 as now_ms),
slot as (select now_ms, floor(now_ms / ${WINDOW_MS}) * ${WINDOW_MS} as start_ms from clock),
lease as (
  insert into rate_limit_windows as w (app_id, window_start, granted)
  select $1::uuid, to_timestamp(start_ms / 1000), $2::integer from slot
  on conflict (app_id, window_start) do update set granted = w.granted + excluded.granted where w.granted < $3::integer
  returning granted
)
select (select granted from lease) as granted, (start_ms + ${WINDOW_MS} - now_ms)::double precision as "remainingMs"
from slot`;

const PRUNE = `delete from rate_limit_windows where window_start < now() - interval '5 minutes'`;

/**
 * Counts requests in fixed windows of one minute that the whole fleet shares. An instance takes permits in blocks and
 * decides by itself while they last: exact for one instance, and never more than the limit for many.
 */
@Injectable()
export class RateLimiter {
  private readonly windows = new Map<string, Window>();

  constructor(private readonly database: Database) {}

  /** At once while there are permits. Rejects with Problem `overloaded` when the database cannot be asked. */
  take(appId: string, limit: number): RateDecision | Promise<RateDecision> {
    const window = this.current(appId, limit);
    return this.decide(window) ?? this.askAndTake(appId, window, limit);
  }

  @Interval(PRUNE_MS)
  async prune(): Promise<void> {
    const nowMs = performance.now();
    for (const [appId, { endsAtMs, asking }] of this.windows) {
      if (asking === null && endsAtMs <= nowMs) this.windows.delete(appId);
    }
    // Old rows cost only space: whoever comes next makes a failure good.
    await this.database.query(PRUNE).catch((error: unknown) => {
      logger.warn(describeError(error), 'old rate limit windows could not be removed');
    });
  }

  private current(appId: string, limit: number): Window {
    const known = this.windows.get(appId);
    if (known?.limit === limit) return known;
    // New here, or an operator has changed the limit.
    const window: Window = { limit, endsAtMs: 0, permits: 0, handedOut: 0, waiting: 0, asking: null };
    this.windows.set(appId, window);
    return window;
  }

  /** null: somebody has to ask the database first. */
  private decide(window: Window): RateDecision | null {
    const leftMs = window.endsAtMs - performance.now();
    if (leftMs <= 0) return null;
    const allowed = window.permits > 0;
    if (!allowed && window.handedOut < window.limit) return null;
    if (allowed) window.permits -= 1;
    return {
      allowed,
      limit: window.limit,
      remaining: window.permits + window.limit - window.handedOut,
      resetSeconds: Math.ceil(leftMs / 1_000),
    };
  }

  private async askAndTake(appId: string, window: Window, limit: number): Promise<RateDecision> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      await this.wait(appId, window);
      const decision = this.decide(window);
      if (decision) return decision;
    }
    // Others are always faster: as good as used up, and over in a moment.
    return { allowed: false, limit, remaining: 0, resetSeconds: 1 };
  }

  /** Until the next answer of the database; whoever comes while it is asked shares the next question. */
  private async wait(appId: string, window: Window): Promise<void> {
    window.waiting += 1;
    if (window.asking) return window.asking;
    window.asking = this.ask(appId, window).finally(() => {
      window.asking = null;
    });
    return window.asking;
  }

  private async ask(appId: string, window: Window): Promise<void> {
    // Let those who arrived in the same moment be counted.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const block = blockOf(window);
    window.waiting = 0;
    const askedAtMs = performance.now();
    const rows = await this.database
      .prepared<LeaseRow>('access_rate_lease', LEASE, [appId, block, window.limit])
      .catch((error: unknown) => {
        throw databaseUnavailable(error);
      });
    const row = rows[0];
    if (!row) return;
    // From the asking, not the answer: the window must not seem longer than it is.
    const endsAtMs = askedAtMs + row.remainingMs;
    const before = row.granted === null ? window.limit : row.granted - block;
    const granted = Math.max(0, Math.min(block, window.limit - before));
    const isSameWindow = Math.abs(endsAtMs - window.endsAtMs) < WINDOW_MS / 2;
    window.permits = (isSameWindow && window.endsAtMs > askedAtMs ? window.permits : 0) + granted;
    window.handedOut = Math.min(window.limit, row.granted ?? window.limit);
    window.endsAtMs = endsAtMs;
  }
}

/** A twentieth of the limit, or one for each request that waits: they would have to ask again otherwise. */
function blockOf({ limit, waiting }: Window): number {
  return Math.min(limit, Math.max(1, waiting, Math.floor(limit / BLOCKS_PER_WINDOW)));
}
