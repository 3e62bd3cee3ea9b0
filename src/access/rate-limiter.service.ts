import { Injectable } from '@nestjs/common';
import { Database, databaseUnavailable } from '../database/database.js';
import { Every } from '../jobs/every.decorator.js';

/** The decision and the state of the limit, which the caller gets in the response headers. */
export interface RateDecision {
  readonly allowed: boolean;
  readonly limit: number;
  /** Requests left in this window, as known to this instance. */
  readonly remaining: number;
  /** Seconds until the window ends, rounded up. */
  readonly resetSeconds: number;
}

interface LeaseRow {
  /** Permits granted in this window, including this block; null: none were left. */
  granted: number | null;
  remainingMs: number;
}

/** The state of one app's window in this instance. */
interface Window {
  readonly limit: number;
  endsAtMs: number;
  permits: number;
  /** Permits granted to all instances, as last seen; at most the limit. */
  handedOut: number;
  /** Requests that wait for the result of the next query. */
  waiting: number;
  pendingQuery: Promise<void> | null;
}

const WINDOW_MS = 60_000;
const PRUNE_MS = 60_000;
/** A block is 1 / 20 of the limit: at most 20 queries per minute, and an idle instance keeps at most one block. */
const BLOCKS_PER_WINDOW = 20;
/** A request queries again when other requests took the permits that it had waited for. */
const MAX_ROUNDS = 5;

/**
 * The count grows by whole blocks and may exceed the limit, so that the new count alone shows how much of a block was
 * granted. It does not change after it has reached the limit.
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
 * Counts requests in fixed windows of one minute that all instances share. An instance takes permits in blocks and
 * decides alone while they last. The limit is exact for one instance, and never exceeded with several.
 */
@Injectable()
export class RateLimiter {
  private readonly windows = new Map<string, Window>();

  constructor(private readonly database: Database) {}

  /** Returns at once while there are permits. Rejects with Problem `overloaded` while the database is unavailable. */
  take(appId: string, limit: number): RateDecision | Promise<RateDecision> {
    const window = this.current(appId, limit);
    return this.decide(window) ?? this.queryAndTake(appId, window, limit);
  }

  @Every(PRUNE_MS)
  async prune(): Promise<void> {
    const nowMs = performance.now();
    for (const [appId, { endsAtMs, pendingQuery }] of this.windows) {
      if (pendingQuery === null && endsAtMs <= nowMs) this.windows.delete(appId);
    }
    await this.database.query(PRUNE);
  }

  private current(appId: string, limit: number): Window {
    const known = this.windows.get(appId);
    if (known?.limit === limit) return known;
    // The app is new to this instance, or an operator has changed its limit.
    const window: Window = { limit, endsAtMs: 0, permits: 0, handedOut: 0, waiting: 0, pendingQuery: null };
    this.windows.set(appId, window);
    return window;
  }

  /** null: the database must be queried first. */
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

  private async queryAndTake(appId: string, window: Window, limit: number): Promise<RateDecision> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      await this.wait(appId, window);
      const decision = this.decide(window);
      if (decision) return decision;
    }
    // Other requests were always faster, so the limit counts as used up for a moment.
    return { allowed: false, limit, remaining: 0, resetSeconds: 1 };
  }

  /** Waits for the next result of the database. Requests that arrive during a query share it. */
  private async wait(appId: string, window: Window): Promise<void> {
    window.waiting += 1;
    if (window.pendingQuery) return window.pendingQuery;
    window.pendingQuery = this.fetchBlock(appId, window).finally(() => {
      window.pendingQuery = null;
    });
    return window.pendingQuery;
  }

  private async fetchBlock(appId: string, window: Window): Promise<void> {
    // Includes the requests that arrive in the same event loop turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const block = blockOf(window);
    window.waiting = 0;
    const queriedAtMs = performance.now();
    const rows = await this.database
      .prepared<LeaseRow>('access_rate_lease', LEASE, [appId, block, window.limit])
      .catch((error: unknown) => {
        throw databaseUnavailable(error);
      });
    const row = rows[0];
    if (!row) return;
    // Counts from the start of the query, so that the window never seems longer than it is.
    const endsAtMs = queriedAtMs + row.remainingMs;
    const before = row.granted === null ? window.limit : row.granted - block;
    const granted = Math.max(0, Math.min(block, window.limit - before));
    const isSameWindow = Math.abs(endsAtMs - window.endsAtMs) < WINDOW_MS / 2;
    window.permits = (isSameWindow && window.endsAtMs > queriedAtMs ? window.permits : 0) + granted;
    window.handedOut = Math.min(window.limit, row.granted ?? window.limit);
    window.endsAtMs = endsAtMs;
  }
}

/** A twentieth of the limit, or one permit for each waiting request, so that they need no second query. */
function blockOf({ limit, waiting }: Window): number {
  return Math.min(limit, Math.max(1, waiting, Math.floor(limit / BLOCKS_PER_WINDOW)));
}
