import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { pendingCounts } from '../../ledger/reads/open-counts.js';
import { ConnectorRegistry } from '../connector-registry.service.js';

/** A forecast is used again for so long: when many have to wait at once, one look is enough. */
const MAX_AGE_MS = 500;

/** Where operations wait for a provider's quota, and until when. */
@Injectable()
export class BacklogEstimate {
  private readonly forecasts = new Map<string, { readonly drainMs: Promise<number>; readonly askedAtMs: number }>();
  private readonly crowded = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly registry: ConnectorRegistry,
  ) {}

  /** Whether more waited for permits than there were, when this process looked last. */
  isCrowded(provider: string): boolean {
    return this.crowded.has(provider);
  }

  note(provider: string, isCrowded: boolean): void {
    if (isCrowded) this.crowded.add(provider);
    else this.crowded.delete(provider);
  }

  /** Milliseconds until all that waits for the provider now has been sent, as far as its quota decides. */
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
