import { Injectable } from '@nestjs/common';
import { LedgerReader } from '../ledger/reader.js';
import { ConnectorRegistry } from './registry.js';

/** A count is used again for so long: when many have to wait at once, one look is enough. */
const MAX_AGE_MS = 500;

/** When what waits for a provider's quota will have been sent. */
@Injectable()
export class QueueForecast {
  private readonly counts = new Map<string, { readonly waiting: Promise<number>; readonly askedAtMs: number }>();

  constructor(
    private readonly reader: LedgerReader,
    private readonly registry: ConnectorRegistry,
  ) {}

  /** Milliseconds until all that waits for the provider now has been sent, as far as its quota decides. */
  async drainMs(provider: string): Promise<number> {
    const client = this.registry.find(provider)?.client;
    return client ? client.drainMs(await this.waiting(provider)) : 0;
  }

  private waiting(provider: string): Promise<number> {
    const known = this.counts.get(provider);
    if (known && performance.now() - known.askedAtMs < MAX_AGE_MS) return known.waiting;
    const waiting = this.reader.pendingCount(provider);
    this.counts.set(provider, { waiting, askedAtMs: performance.now() });
    return waiting;
  }
}
