import type { Pool, PoolClient } from 'pg';

const SWEEP_MS = 250;

interface Waiting {
  readonly withinMs: number;
  /** On the monotonic clock. */
  dueAtMs: number;
}

/**
 * Ends connections that have died in silence: the server ends a statement that takes too long, but of a connection that is
 * gone nobody hears. One timer for all of a pool: those that `pg` starts, one for each statement (`query_timeout`), keep
 * what a statement brought from being collected early, which costs a page of a list a third of its time.
 */
export class Silence {
  private readonly known = new WeakSet<PoolClient>();
  private readonly waiting = new Map<PoolClient, Waiting>();

  /** Whoever has a connection of the pool must be answered something on it within `usualMs`, again and again. */
  constructor(pool: Pool, usualMs: number) {
    pool.on('acquire', (client) => {
      if (!this.known.has(client)) this.listenTo(client);
      this.allow(client, usualMs);
    });
    pool.on('release', (_error, client) => this.waiting.delete(client));
    setInterval(() => this.sweep(performance.now()), SWEEP_MS).unref();
  }

  /** Until it is given back it may be silent so long: for what takes longer, or is to be given up earlier. */
  allow(client: PoolClient, withinMs: number): void {
    this.waiting.set(client, { withinMs, dueAtMs: performance.now() + withinMs });
  }

  private listenTo(client: PoolClient): void {
    this.known.add(client);
    // All statements so far have been answered.
    client.on('drain', () => {
      const waiting = this.waiting.get(client);
      if (waiting) waiting.dueAtMs = performance.now() + waiting.withinMs;
    });
    // Whoever waits for an answer gets the error; without a listener it would end the process as well.
    client.on('error', () => undefined);
  }

  private sweep(nowMs: number): void {
    for (const [client, { dueAtMs }] of this.waiting) {
      if (nowMs < dueAtMs) continue;
      this.waiting.delete(client);
      client.end().catch(() => undefined);
    }
  }
}

const ofPools = new WeakMap<Pool, Silence>();

/** The one that watches the pool. */
export function silenceOf(pool: Pool, usualMs: number): Silence {
  const known = ofPools.get(pool);
  if (known) return known;
  const silence = new Silence(pool, usualMs);
  ofPools.set(pool, silence);
  return silence;
}
