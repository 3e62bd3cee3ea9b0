import type { Pool, PoolClient } from 'pg';

const SWEEP_MS = 250;

interface Allowance {
  readonly withinMs: number;
  /** Counted down by the sweeps: while this process itself stands still, nobody else is silent. */
  leftMs: number;
}

/**
 * Ends connections that have died in silence: the server ends a statement that takes too long, but of a connection that is
 * gone nobody hears. One timer for all of a pool: those that `pg` starts, one for each statement (`query_timeout`), keep
 * what a statement brought from being collected early, which costs a page of a list a third of its time.
 */
export class DeadConnectionReaper {
  private readonly known = new WeakSet<PoolClient>();
  private readonly held = new Map<PoolClient, Allowance>();

  /** Whoever asks something on a connection of the pool must be answered within `usualMs`, again and again. */
  constructor(pool: Pool, usualMs: number) {
    pool.on('acquire', (client) => {
      if (!this.known.has(client)) this.listenTo(client);
      this.allow(client, usualMs);
    });
    pool.on('release', (_error, client) => this.held.delete(client));
    setInterval(() => this.sweep(), SWEEP_MS).unref();
  }

  /** Until it is given back an answer may take so long: for what takes longer, or is to be given up earlier. */
  allow(client: PoolClient, withinMs: number): void {
    this.held.set(client, { withinMs, leftMs: withinMs });
  }

  private listenTo(client: PoolClient): void {
    this.known.add(client);
    // All statements so far have been answered.
    client.on('drain', () => {
      const allowance = this.held.get(client);
      if (allowance) allowance.leftMs = allowance.withinMs;
    });
    // Whoever waits for an answer gets the error; without a listener it would end the process as well.
    client.on('error', () => undefined);
  }

  private sweep(): void {
    for (const [client, allowance] of this.held) {
      if (isAskedNothing(client)) allowance.leftMs = allowance.withinMs;
      else allowance.leftMs -= SWEEP_MS;
      if (allowance.leftMs > 0) continue;
      this.held.delete(client);
      client.end().catch(() => undefined);
    }
  }
}

/** It is held by somebody who does other things meanwhile, and owes no answer. */
function isAskedNothing(client: PoolClient): boolean {
  return 'readyForQuery' in client && client.readyForQuery === true;
}

const ofPools = new WeakMap<Pool, DeadConnectionReaper>();

/** The one that watches the pool. */
export function silenceOf(pool: Pool, usualMs: number): DeadConnectionReaper {
  const known = ofPools.get(pool);
  if (known) return known;
  const silence = new DeadConnectionReaper(pool, usualMs);
  ofPools.set(pool, silence);
  return silence;
}
