import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { pendingCounts } from '../../ledger/reads/open-counts.js';
import { ConnectorRegistry } from '../connector-registry.service.js';

/** Maximum age of an estimate. Operations that queue at about the same time share one. */
const MAX_AGE_MS = 500;

/** Estimates how long operations wait for a provider's quota. */
@Injectable()
export class BacklogEstimate {
  private readonly forecasts = new Map<string, { readonly drainMs: Promise<number>; readonly askedAtMs: number }>();
  private readonly crowded = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly registry: ConnectorRegistry,
  ) {}

  /** True when at the last check of this process more operations waited than there were permits. */
  isCrowded(provider: string): boolean {
    return this.crowded.has(provider);
  }

  note(provider: string, isCrowded: boolean): void {
    if (isCrowded) this.crowded.add(provider);
    else this.crowded.delete(provider);
  }

  /** The time in milliseconds until all operations that wait for the provider now can be sent within its quota. */
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
