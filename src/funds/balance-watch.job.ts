import { Injectable } from '@nestjs/common';
import { alarm } from '../common/alarm.js';
import { describeError, logger } from '../common/log.js';
import { metrics } from '../common/metrics.js';
import { Every } from '../jobs/every.decorator.js';
import { ConnectorRegistry } from '../operations/connector-registry.service.js';
import { Problem } from '../common/problem.js';
import {
  ProviderError,
  UNREADABLE_BALANCE,
  type BalanceSource,
  type ProviderDefinition,
} from '../connector/connector.js';
import { compareDecimals } from '../readers/decimal.js';
import { Balances, type Observation } from './balances.service.js';

const TICK_MS = 1_000;
const GAUGES_MS = 5_000;

/** Queries balances on a schedule and on demand, stores them, and raises an alarm when one falls below a level. */
@Injectable()
export class BalanceWatch {
  private readonly queries = new Map<string, Promise<void>>();
  /** The last balance of each provider that this process has seen. */
  private readonly lastBalances = new Map<string, string>();

  constructor(
    private readonly registry: ConnectorRegistry,
    private readonly balances: Balances,
  ) {}

  @Every(TICK_MS)
  async queryDue(): Promise<void> {
    await Promise.all(this.registry.all().map(({ definition }) => this.queryIfDue(definition)));
  }

  /** An unavailable provider is not a failure of the job. */
  private async queryIfDue({ name, balance }: ProviderDefinition): Promise<void> {
    if (!balance) return;
    try {
      if (await this.balances.claimQuery(name, balance.everyMs)) await this.query(name);
    } catch (error) {
      logger.warn({ provider: name, ...describeError(error) }, 'the balance could not be observed');
    }
  }

  @Every(GAUGES_MS)
  async showAll(): Promise<void> {
    for (const { definition } of this.registry.all()) {
      if (definition.balance) await this.showGauges(definition.name);
    }
  }

  /**
   * Queries the balance. The query always begins after the call; calls during a query share the next one.
   * @throws ProviderError
   */
  async query(provider: string): Promise<void> {
    const running = this.queries.get(provider);
    await running?.catch(() => undefined);
    const next = this.queries.get(provider);
    if (next && next !== running) return next;
    const query = this.queryNow(provider).finally(() => this.queries.delete(provider));
    this.queries.set(provider, query);
    return query;
  }

  /** Like `query`, for requests of operators. @throws Problem `provider_error`, `provider_unavailable` */
  async refresh(provider: string): Promise<void> {
    try {
      await this.query(provider);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      if (error.reason === UNREADABLE_BALANCE) {
        throw new Problem('provider_error', "The provider's balance could not be read; the last one stands.", {
          cause: error,
        });
      }
      const code = error.kind === 'unauthorized' ? 'provider_error' : 'provider_unavailable';
      throw new Problem(code, 'The provider could not be queried for its balance.', { cause: error });
    }
  }

  /**
   * Raises an alarm for each level that the balance of a purchase has fallen below since the last one in this process. The
   * level is stored when it differs; if that fails, the next scheduled query stores it.
   */
  checkLevels(provider: string, balance: string): void {
    const before = this.lastBalances.get(provider);
    this.alarmBelow(provider, balance);
    if (before !== undefined && this.lowest(provider, before) === this.lowest(provider, balance)) return;
    this.storeLevel(provider, balance).catch((error: unknown) => {
      logger.warn({ provider, ...describeError(error) }, 'the level of the balance could not be stored');
    });
  }

  /** Raises an alarm for a balance that is not a plain decimal. It is ignored, and the last good one stands. */
  reportUnreadable(provider: string, transactionId: string | null): void {
    alarm(UNREADABLE_BALANCE, { provider, ...(transactionId !== null && { transactionId }) }, 'unreadable balance');
  }

  source(provider: string): BalanceSource | undefined {
    return this.registry.find(provider)?.definition.balance;
  }

  /**
   * Queries the balance after a purchase whose response did not report it, while no other purchase is in progress.
   * @throws ProviderError
   */
  async queryAfter(provider: string, purchase: { readonly id: string; readonly begunAt: Date }): Promise<void> {
    const reading = await this.read(provider, purchase.id);
    await this.observe({ provider, ...reading, transactionId: purchase.id, begunAt: purchase.begunAt });
  }

  private async queryNow(provider: string): Promise<void> {
    const source = this.sourceOf(provider);
    const begunAt = await this.balances.ago(source.lagMs);
    const reading = await this.read(provider, null);
    await this.observe({ provider, ...reading, transactionId: null, begunAt });
  }

  private async read(provider: string, transactionId: string | null): ReturnType<BalanceSource['read']> {
    try {
      return await this.sourceOf(provider).read();
    } catch (error) {
      if (error instanceof ProviderError && error.reason === UNREADABLE_BALANCE)
        this.reportUnreadable(provider, transactionId);
      throw error;
    }
  }

  private async observe(observation: Observation): Promise<void> {
    const { provider, balance } = observation;
    await this.balances.observe(observation);
    this.alarmBelow(provider, balance);
    await this.storeLevel(provider, balance);
  }

  private alarmBelow(provider: string, balance: string): void {
    const before = this.lastBalances.get(provider);
    this.lastBalances.set(provider, balance);
    for (const level of this.source(provider)?.lowLevels ?? []) {
      const wasBelow = before !== undefined && compareDecimals(before, level) < 0;
      if (wasBelow || compareDecimals(balance, level) >= 0) continue;
      alarm('low_float', { provider, level }, 'the balance at the provider is low');
    }
  }

  private storeLevel(provider: string, balance: string): Promise<void> {
    return this.balances.storeLowLevel(provider, this.lowest(provider, balance));
  }

  /** The lowest level that the balance is below; null: none. */
  private lowest(provider: string, balance: string): string | null {
    const below = (this.source(provider)?.lowLevels ?? []).filter((level) => compareDecimals(balance, level) < 0);
    return below.toSorted(compareDecimals)[0] ?? null;
  }

  private sourceOf(provider: string): BalanceSource {
    const source = this.source(provider);
    if (!source) throw new Error(`${provider} has no balance`);
    return source;
  }

  private async showGauges(provider: string): Promise<void> {
    const state = await this.balances.state(provider);
    if (!state) return;
    metrics.providerBalance.set({ provider, currency: state.currency ?? '' }, Number(state.balance));
    if (state.hoursLeft === null) metrics.floatHoursLeft.remove({ provider });
    else metrics.floatHoursLeft.set({ provider }, Number(state.hoursLeft));
  }
}
