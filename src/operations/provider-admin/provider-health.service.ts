import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Ledger } from '../../ledger/ledger.service.js';
import { openCounts, type OpenCount } from '../../ledger/reads/open-counts.js';
import { alarm } from '../../common/alarm.js';
import { describeError, logger } from '../../common/log.js';
import { metrics } from '../../common/metrics.js';
import { Problem } from '../../common/problem.js';
import { ProviderError } from '../../connector/connector.js';
import { Every } from '../../jobs/every.decorator.js';
import type { ProviderHealthDto } from './provider.dto.js';
import { GATEWAY, ProviderPauses } from '../execution/provider-pauses.service.js';
import { BacklogEstimate } from '../execution/backlog-estimate.service.js';
import { ConnectorRegistry, type RegisteredProvider } from '../connector-registry.service.js';
import { titleOf } from '../../providers/declared.js';

const GAUGES_MS = 5_000;

/** The state of the providers, and what operators can do about it. */
@Injectable()
export class ProviderHealth implements OnApplicationBootstrap {
  constructor(
    private readonly registry: ConnectorRegistry,
    private readonly pauses: ProviderPauses,
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly backlog: BacklogEstimate,
  ) {}

  onApplicationBootstrap(): void {
    for (const { definition, client } of this.registry.all()) {
      client.stops.on('stop', (reason) => void this.stop(definition.name, reason));
    }
  }

  async all(): Promise<ProviderHealthDto[]> {
    return this.describeAll(await openCounts(this.database));
  }

  /** @throws Problem `not_found` */
  async one(name: string): Promise<ProviderHealthDto> {
    return this.describe(this.find(name), await openCounts(this.database));
  }

  /** @throws Problem `not_found` */
  assertKnown(name: string): void {
    this.find(name);
  }

  /** Stops sending to the provider. Requests in progress finish; new ones wait. */
  async pause(name: string, by: string, reason: string | null): Promise<void> {
    await this.pauses.pause(this.find(name).definition.name, by, reason);
  }

  /** Ends a pause and closes an open breaker. Everything that waits is due now. */
  async resume(name: string): Promise<void> {
    const { definition, client } = this.find(name);
    await client.readmit();
    await this.pauses.resume(definition.name);
    await this.ledger.makeDue(definition.name);
  }

  /** Discards the token and logs in again. Success ends a pause that was caused by bad credentials. @throws Problem `provider_error`, `provider_unavailable` */
  async refreshToken(name: string): Promise<void> {
    const { definition, client } = this.find(name);
    try {
      await client.refreshToken();
      if (this.pauses.pauseOf(definition.name)?.by === GATEWAY) await this.resume(name);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      const refused = error.kind === 'unauthorized';
      const what = refused ? "rejects the gateway's credentials" : 'could not be reached for a token';
      throw new Problem(refused ? 'provider_error' : 'provider_unavailable', `${titleOf(definition.name)} ${what}.`, {
        provider: { name: definition.name, code: error.reason, message: what, instructions: null },
        cause: error,
      });
    }
  }

  /** The provider rejects our credentials: its queue waits until an operator has fixed them. */
  private async stop(provider: string, reason: string): Promise<void> {
    try {
      if (!(await this.pauses.stop(provider, `our credentials are refused: ${reason}`))) return;
      const text = 'the provider rejects our credentials: nothing is sent until it is resumed';
      alarm('provider_stopped', { provider, reason }, text);
    } catch (error) {
      logger.warn({ provider, ...describeError(error) }, 'the provider could not be paused; the next refusal does it');
    }
  }

  /** Refreshes the gauges of providers and queues. */
  @Every(GAUGES_MS)
  async refreshGauges(): Promise<void> {
    const counts = await openCounts(this.database);
    this.showCounts(counts);
    for (const { name, quota, tokenAgeSeconds } of await this.describeAll(counts)) {
      metrics.quotaLeft.set({ provider: name }, quota.left);
      if (tokenAgeSeconds === null) metrics.tokenAgeSeconds.remove({ provider: name });
      else metrics.tokenAgeSeconds.set({ provider: name }, tokenAgeSeconds);
    }
  }

  private showCounts(counts: readonly OpenCount[]): void {
    const { queueDepth, unknownTransactions, parkedTransactions, overdueTransactions } = metrics;
    for (const gauge of [queueDepth, unknownTransactions, parkedTransactions, overdueTransactions]) gauge.reset();
    for (const { provider, status, count, parked, overdue } of counts) {
      if (status === 'unknown') unknownTransactions.set({ provider }, count);
      else queueDepth.set({ provider, status }, count);
      parkedTransactions.inc({ provider }, parked);
      overdueTransactions.inc({ provider }, overdue);
    }
  }

  private find(name: string): RegisteredProvider {
    const found = this.registry.find(name);
    if (!found) throw Problem.notFound('provider');
    return found;
  }

  private describeAll(counts: readonly OpenCount[]): Promise<ProviderHealthDto[]> {
    return Promise.all(this.registry.all().map((provider) => this.describe(provider, counts)));
  }

  private async describe(
    { definition, client }: RegisteredProvider,
    counts: readonly OpenCount[],
  ): Promise<ProviderHealthDto> {
    const pause = this.pauses.pauseOf(definition.name);
    const own = counts.filter((row) => row.provider === definition.name);
    const [tokenAgeSeconds, quota, drainMs] = await Promise.all([
      client.tokenAgeSeconds(),
      client.forecast.state(),
      this.backlog.drainMs(definition.name),
    ]);
    return {
      name: definition.name,
      title: titleOf(definition.name),
      paused: pause && { at: pause.at.toISOString(), by: pause.by, reason: pause.reason },
      breaker: client.breakerState,
      tokenAgeSeconds,
      quota,
      queue: Object.fromEntries(own.map((row) => [row.status, row.count])),
      overdue: own.reduce((sum, row) => sum + row.overdue, 0),
      drainSeconds: Math.ceil(drainMs / 1000),
      lastSuccessAt: client.lastSuccess?.toISOString() ?? null,
    };
  }
}
