import type { Pool, PoolClient } from 'pg';

const SWEEP_MS = 250;

interface Allowance {
  readonly withinMs: number;
  /** Counted down by the sweeps, so that a pause of this process does not count as silence of the server. */
  leftMs: number;
}

/**
 * Closes connections that died without an error: the server cancels slow statements, but a lost connection just stays
 * silent. One timer serves the whole pool. The timers of `pg` for each statement (`query_timeout`) would count a pause of
 * this process as silence of the server.
 */
export class DeadConnectionReaper {
  private readonly knownReaper = new WeakSet<PoolClient>();
  private readonly held = new Map<PoolClient, Allowance>();

  /** Each statement on a connection of the pool must be answered within `usualMs`. */
  constructor(pool: Pool, usualMs: number) {
    pool.on('acquire', (client) => {
      if (!this.knownReaper.has(client)) this.listenTo(client);
      this.allow(client, usualMs);
    });
    pool.on('release', (_error, client) => this.held.delete(client));
    setInterval(() => this.sweep(), SWEEP_MS).unref();
  }

  /** Sets another limit for the connection until it is released. */
  allow(client: PoolClient, withinMs: number): void {
    this.held.set(client, { withinMs, leftMs: withinMs });
  }

  private listenTo(client: PoolClient): void {
    this.knownReaper.add(client);
    // `drain` means that all statements so far were answered.
    client.on('drain', () => {
      const allowance = this.held.get(client);
      if (allowance) allowance.leftMs = allowance.withinMs;
    });
    // The pending statement gets the error too. Without a listener the error event would end the process.
    client.on('error', () => undefined);
  }

  private sweep(): void {
    for (const [client, allowance] of this.held) {
      if (isIdle(client)) allowance.leftMs = allowance.withinMs;
      else allowance.leftMs -= SWEEP_MS;
      if (allowance.leftMs > 0) continue;
      this.held.delete(client);
      client.end().catch(() => undefined);
    }
  }
}

/** True when no statement is running on the connection. */
function isIdle(client: PoolClient): boolean {
  return 'readyForQuery' in client && client.readyForQuery === true;
}

const ofPools = new WeakMap<Pool, DeadConnectionReaper>();

/** Returns the reaper of the pool, and creates it on the first call. */
export function reaperOf(pool: Pool, usualMs: number): DeadConnectionReaper {
  const known = ofPools.get(pool);
  if (known) return known;
  const reaper = new DeadConnectionReaper(pool, usualMs);
  ofPools.set(pool, reaper);
  return reaper;
}
