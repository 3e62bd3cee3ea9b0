import { setTimeout as sleep } from 'node:timers/promises';
import { BalanceWatch } from '../../../funds/balance-watch.job.js';
import { Balances } from '../../../funds/balances.service.js';
import { Float, type Admission } from '../../../funds/float.service.js';
import { describeError, logger } from '../../../common/log.js';
import { ProviderError, type Outcome, type StoredOperation } from '../../../connector/connector.js';
import type { BalanceReading } from './topup.mapping.js';

const NAME = 'latcom';
/** Longest time that an outcome waits for a balance query, in milliseconds. */
const LOOK_MS = 1_500;
/** Shortest interval of balance queries for purchases that are not covered, in milliseconds, over all instances. */
const SHORT_LOOK_MS = 5_000;

/** A purchase in progress. */
interface Out {
  /** The database's clock before it was sent. */
  readonly begunAt: Date;
  /** No other purchase of this process has been in progress at the same time. */
  alone: boolean;
}

/** Sends a purchase only if LATCOM's balance covers it, and records the balance that the response reports. */
export class FloatGuardedPurchase {
  /** True once a balance is on record; it never becomes false again. */
  private observed = false;
  private readonly out = new Set<Out>();

  constructor(
    private readonly float: Float,
    private readonly balances: Balances,
    private readonly watch: BalanceWatch,
    private readonly safety: string,
  ) {}

  /**
   * Makes the purchase if the float covers it, and adds the reported balance to the outcome. Both are recorded in one
   * commit; until then the purchase counts as in progress.
   * @throws ProviderError `not-sent` when the purchase must wait; any error of the purchase
   */
  async spend(
    operation: StoredOperation,
    purchase: () => Promise<{ outcome: Outcome; balance: BalanceReading }>,
  ): Promise<Outcome> {
    const { begunAt, isProbe } = await this.begin(operation);
    const out: Out = { begunAt, alone: this.out.size === 0 };
    for (const other of this.out) other.alone = false;
    this.out.add(out);
    try {
      const { outcome, balance: reported } = await purchase();
      if (reported === 'unreadable') this.watch.reportUnreadable(NAME, operation.id);
      const balance = typeof reported === 'string' ? null : reported.balance;
      if (outcome.kind === 'declined' && outcome.failure.category === 'funds') await this.usedUp();
      if (outcome.kind === 'succeeded' && balance === null) await this.learnRate(operation.id, out, isProbe);
      if (outcome.kind !== 'succeeded' || balance === null) return outcome;
      this.watch.checkLevels(NAME, balance);
      return { ...outcome, reported: { balance, ...out } };
    } finally {
      this.out.delete(out);
    }
  }

  /** @throws ProviderError `not-sent` when the purchase must wait */
  private async begin(operation: StoredOperation): Promise<Admission> {
    // The first purchase of all shows the rate only if the balance before it is known.
    if (!this.observed) {
      this.observed = (await this.balances.state(NAME)) !== null;
      if (!this.observed) await this.look();
    }
    // The commit that recorded it has just checked this; a second check is needed only after a refusal since then.
    if (operation.isCovered === true && !this.float.mayBeShort) {
      return { begunAt: operation.startedAt, isProbe: false };
    }
    try {
      return await this.float.enter(NAME, this.safety, operation.id);
    } catch (error) {
      // It was covered when it was recorded. A new balance shows whether it still is; the next try uses it.
      if (error instanceof ProviderError && error.reason === 'float_short') {
        if (await this.balances.claimQuery(NAME, SHORT_LOOK_MS)) await this.look();
      }
      throw error;
    }
  }

  /** LATCOM reports an empty balance: no purchase is sent until a later balance query shows funds. */
  private async usedUp(): Promise<void> {
    try {
      await this.float.markUsedUp(NAME);
      await this.look();
    } catch (error) {
      // The result of the purchase must not be lost because its balance could not be recorded.
      logger.warn({ provider: NAME, ...describeError(error) }, 'the balance could not be recorded');
    }
  }

  /**
   * Queries the balance after a purchase that was sent alone: its fall is the cost of that purchase. A purchase is alone while
   * no rate is known, and when it is a probe of the rate.
   */
  private async learnRate(id: string, { begunAt, alone }: Out, isProbe: boolean): Promise<void> {
    if ((this.watch.source(NAME)?.lagMs ?? 0) > 0) return;
    if (isProbe && alone) return this.bounded(this.watch.queryAfter(NAME, { id, begunAt }));
    try {
      const state = await this.balances.state(NAME);
      if (state === null || state.rate !== null) return;
    } catch (error) {
      logger.warn({ provider: NAME, ...describeError(error) }, 'the balance could not be observed');
      return;
    }
    await this.bounded(this.watch.queryAfter(NAME, { id, begunAt }));
  }

  private async look(): Promise<void> {
    await this.bounded(this.watch.query(NAME));
  }

  private async bounded(asking: Promise<void>): Promise<void> {
    const looking = asking.catch((error: unknown) => {
      logger.warn({ provider: NAME, ...describeError(error) }, 'the balance could not be observed');
    });
    await Promise.race([looking, sleep(LOOK_MS)]);
  }
}
