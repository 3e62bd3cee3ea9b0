import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Ledger } from '../ledger/ledger.js';
import { describeError, logger } from '../log.js';
import { metrics } from '../metrics.js';
import { Drain } from './drain.js';
import { ProviderStates } from './provider-states.js';
import { ConnectorRegistry, type RegisteredProvider } from './registry.js';
import { Runner } from './runner.js';

const TICK_MS = 500;
const STATES_MS = 1_000;
const MAX_CLAIMED_AT_ONCE = 100;

/** Takes up what is due: retries, releases, polls, and what a crashed instance left behind. */
@Injectable()
export class Scheduler implements OnApplicationBootstrap {
  private readonly ticking = new Set<string>();
  private started = false;

  constructor(
    private readonly drain: Drain,
    private readonly ledger: Ledger,
    private readonly registry: ConnectorRegistry,
    private readonly runner: Runner,
    private readonly states: ProviderStates,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.states.reload();
    this.started = true;
  }

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (!this.started) return;
    await Promise.all(this.registry.all().map((provider) => this.serve(provider)));
  }

  @Interval(STATES_MS)
  async reloadStates(): Promise<void> {
    await this.states.reload().catch((error: unknown) => this.complain('provider_states', error));
  }

  private async serve({ definition, client }: RegisteredProvider): Promise<void> {
    const provider = definition.name;
    if (this.ticking.has(provider)) return;
    this.ticking.add(provider);
    try {
      while (!this.drain.isStopping && !this.states.isPaused(provider)) {
        // No more than the quota can take: what waits for it lies still in the database.
        const room = Math.min(this.runner.capacity(provider), await client.room());
        const maxRows = Math.min(room, MAX_CLAIMED_AT_ONCE);
        if (maxRows <= 0) break;
        const fair = room < MAX_CLAIMED_AT_ONCE;
        const leaseMs = this.registry.leaseMs(provider);
        const claims = await this.ledger.claimDue({ provider, maxRows, leaseMs, actor: 'gateway', fair });
        for (const claim of claims) {
          this.runner.run(claim).catch((error: unknown) => this.complain('operation', error));
        }
        // A scarce quota is looked at again when these have taken their part of it.
        if (fair || claims.length < maxRows) break;
      }
    } catch (error) {
      this.complain('tick', error);
    } finally {
      this.ticking.delete(provider);
    }
  }

  private complain(what: string, error: unknown): void {
    metrics.alarms.inc({ kind: `${what}_failed` });
    logger.error({ what, ...describeError(error) }, 'background work failed');
  }
}
