import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { pendingCounts } from '../../ledger/reads/open-counts.js';
import { ConnectorRegistry } from '../connector-registry.service.js';

/** Maximum age of a forecast: one is enough for many operations that queue at the same time. */
const MAX_AGE_MS = 500;

/** Knows where operations wait for a provider's quota, and estimates how long. */
@Injectable()
export class BacklogEstimate {
  private readonly forecasts = new Map<string, { readonly drainMs: Promise<number>; readonly askedAtMs: number }>();
  private readonly crowded = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly registry: ConnectorRegistry,
  ) {}

  /** Whether more operations waited than there were permits when this process last looked. */
  isCrowded(provider: string): boolean {
    return this.crowded.has(provider);
  }

  note(provider: string, isCrowded: boolean): void {
    if (isCrowded) this.crowded.add(provider);
    else this.crowded.delete(provider);
  }

  /** Milliseconds until everything that waits for the provider now can be sent under its quota. */
  drainMs(provider: string): Promise<number> {
    const known = this.forecasts.get(provider);
    if (known && performance.now() - known.askedAtMs < MAX_AGE_MS) return known.drainMs;
    const drainMs = this.look(provider);
    this.forecasts.set(provider, { drainMs, askedAtMs: performance.now() });
    return drainMs;
  }

  private async look(provider: string): Promise<number> {
    const client = this.registry.find(provider)?.client;
    if (!client) return 0;
    const waiting = await pendingCounts(this.database, provider);
    const calls = waiting.map(({ type, count }) => {
      const { batch } = this.registry.handler(type);
      return Math.ceil(count / Math.max(batch?.size ?? 1, 1));
    });
    return client.forecast.drainMs(calls.reduce((sum, count) => sum + count, 0));
  }
}
