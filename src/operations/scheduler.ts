import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Ledger } from '../ledger/ledger.js';
import { describeError, logger } from '../log.js';
import { metrics } from '../metrics.js';
import { Gate } from './gate.js';
import { ConnectorRegistry, type RegisteredProvider } from './registry.js';
import { Runner } from './runner.js';

const TICK_MS = 500;
const MAX_CLAIMED_AT_ONCE = 100;

/** Takes up what is due: retries, releases, polls, and what a crashed instance left behind. */
@Injectable()
export class Scheduler implements OnApplicationBootstrap {
  private readonly ticking = new Set<string>();
  private started = false;

  constructor(
    private readonly gate: Gate,
    private readonly ledger: Ledger,
    private readonly registry: ConnectorRegistry,
    private readonly runner: Runner,
  ) {}

  onApplicationBootstrap(): void {
    this.started = true;
  }

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (!this.started) return;
    await Promise.all(this.registry.all().map((provider) => this.serve(provider)));
  }

  private async serve({ definition, client }: RegisteredProvider): Promise<void> {
    const provider = definition.name;
    if (this.ticking.has(provider)) return;
    this.ticking.add(provider);
    try {
      for (;;) {
        const { room, onlyExpired } = this.gate.claimable(provider);
        if (room <= 0) break;
        // No more than the quota can take: what waits for it lies still in the database. What has expired needs none.
        const quotaRoom = onlyExpired ? 0 : Math.min(room, await client.room());
        const mayOnlyEnd = quotaRoom <= 0;
        const maxRows = Math.min(mayOnlyEnd ? room : quotaRoom, MAX_CLAIMED_AT_ONCE);
        const fair = !mayOnlyEnd && quotaRoom < MAX_CLAIMED_AT_ONCE;
        const taken = await this.gate.hold(() => this.takeUp(provider, { maxRows, onlyExpired: mayOnlyEnd, fair }));
        // A scarce quota is looked at again when these have taken their part of it.
        if (fair || taken < maxRows) break;
      }
    } catch (error) {
      this.complain('tick', error);
    } finally {
      this.ticking.delete(provider);
    }
  }

  private async takeUp(
    provider: string,
    how: { maxRows: number; onlyExpired: boolean; fair: boolean },
  ): Promise<number> {
    const leaseMs = this.registry.leaseMs(provider);
    const claims = await this.ledger.claimDue({ provider, leaseMs, actor: 'gateway', ...how });
    for (const claim of claims) {
      this.runner.run(claim).catch((error: unknown) => this.complain('operation', error));
    }
    return claims.length;
  }

  private complain(what: string, error: unknown): void {
    metrics.alarms.inc({ kind: `${what}_failed` });
    logger.error({ what, ...describeError(error) }, 'background work failed');
  }
}
