import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { LedgerReader } from '../ledger/reader.js';
import { describeError, logger } from '../log.js';
import { metrics } from '../metrics.js';
import { Problem } from '../problem.js';
import { ProviderError } from '../providers/connector.js';
import type { ProviderHealthDto } from './provider.dto.js';
import { ProviderStates } from './provider-states.js';
import { ConnectorRegistry, type RegisteredProvider } from './registry.js';

const GAUGES_MS = 5_000;

type OpenCounts = Awaited<ReturnType<LedgerReader['openCounts']>>;

/** What an operator sees of the providers, and may do to them. */
@Injectable()
export class ProviderHealth {
  constructor(
    private readonly registry: ConnectorRegistry,
    private readonly states: ProviderStates,
    private readonly reader: LedgerReader,
  ) {}

  async all(): Promise<ProviderHealthDto[]> {
    const counts = await this.reader.openCounts();
    return Promise.all(this.registry.all().map((provider) => this.describe(provider, counts)));
  }

  /** @throws Problem `not_found` */
  async one(name: string): Promise<ProviderHealthDto> {
    return this.describe(this.find(name), await this.reader.openCounts());
  }

  /** Nothing is sent to it any more; what is under way ends, what is new waits. */
  async pause(name: string, by: string, reason: string | null): Promise<void> {
    await this.states.pause(this.find(name).definition.name, by, reason);
  }

  /** Ends a pause, and an open breaker with it. */
  async resume(name: string): Promise<void> {
    const { definition, client } = this.find(name);
    await this.states.resume(definition.name);
    client.resetBreaker();
  }

  /** Forgets the token and logs in anew. @throws Problem `provider_error`, `provider_unavailable` */
  async refreshToken(name: string): Promise<void> {
    const { definition, client } = this.find(name);
    try {
      await client.refreshToken();
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      const refused = error.kind === 'unauthorized';
      const what = refused ? 'does not accept our credentials' : 'could not be asked for a token';
      throw new Problem(refused ? 'provider_error' : 'provider_unavailable', `${definition.title} ${what}.`, {
        provider: { name: definition.name, code: error.reason, message: what, instructions: null },
        cause: error,
      });
    }
  }

  /** Keeps the gauges true that speak of the providers and of what waits for them. */
  @Interval(GAUGES_MS)
  async refreshGauges(): Promise<void> {
    try {
      metrics.queueDepth.reset();
      metrics.unknownTransactions.reset();
      for (const { name, queue, quota, tokenAgeSeconds } of await this.all()) {
        for (const [status, count] of Object.entries(queue)) {
          if (status === 'unknown') metrics.unknownTransactions.set({ provider: name }, count);
          else metrics.queueDepth.set({ provider: name, status }, count);
        }
        metrics.quotaLeft.set({ provider: name }, quota.left);
        if (tokenAgeSeconds === null) metrics.tokenAgeSeconds.remove({ provider: name });
        else metrics.tokenAgeSeconds.set({ provider: name }, tokenAgeSeconds);
      }
    } catch (error) {
      metrics.alarms.inc({ kind: 'gauges_failed' });
      logger.warn(describeError(error), 'gauges could not be refreshed');
    }
  }

  private find(name: string): RegisteredProvider {
    const found = this.registry.find(name);
    if (!found) throw Problem.notFound('provider');
    return found;
  }

  private async describe({ definition, client }: RegisteredProvider, counts: OpenCounts): Promise<ProviderHealthDto> {
    const pause = this.states.pauseOf(definition.name);
    const own = counts.filter((row) => row.provider === definition.name);
    const pending = own.find((row) => row.status === 'pending')?.count ?? 0;
    const [tokenAgeSeconds, quota, drainMs] = await Promise.all([
      client.tokenAgeSeconds(),
      client.quotaState(),
      client.drainMs(pending),
    ]);
    return {
      name: definition.name,
      title: definition.title,
      paused: pause && { at: pause.at.toISOString(), by: pause.by, reason: pause.reason },
      breaker: client.breakerState,
      tokenAgeSeconds,
      quota,
      queue: Object.fromEntries(own.map((row) => [row.status, row.count])),
      drainSeconds: Math.ceil(drainMs / 1000),
      lastSuccessAt: client.lastSuccess?.toISOString() ?? null,
    };
  }
}
