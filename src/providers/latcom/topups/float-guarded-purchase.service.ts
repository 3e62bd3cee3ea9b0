import { setTimeout as sleep } from 'node:timers/promises';
import { BalanceWatch } from '../../../funds/balance-watch.js';
import { Balances } from '../../../funds/balances.js';
import { Float, type Admission } from '../../../funds/float.js';
import { describeError, logger } from '../../../common/log.js';
import { ProviderError, type Outcome, type StoredOperation } from '../../../connector/connector.js';
import type { BalanceReading } from './topup.mapping.js';

const NAME = 'latcom';
/** An outcome must not wait long for what is only good to know. */
const LOOK_MS = 1_500;
/** However many are held back, the balance is asked for so often at most. */
const SHORT_LOOK_MS = 5_000;

/** A purchase that may leave. */
interface Out {
  readonly begunAt: Date;
  /** No other purchase of this process has been out since. */
  alone: boolean;
}

/** What a purchase does to the balance at LATCOM, and what the balance does to a purchase. */
export class FloatGuardedPurchase {
  /** Some balance is on record; asked once, because it stays true. */
  private observed = false;
  private readonly out = new Set<Out>();

  constructor(
    private readonly float: Float,
    private readonly balances: Balances,
    private readonly watch: BalanceWatch,
    private readonly safety: string,
  ) {}

  /**
   * Makes the purchase when the float covers it, and puts the balance that its answer tells to its outcome: they are
   * recorded together, and until then the purchase counts as out.
   * @throws ProviderError `not-sent` when it has to wait, or what the purchase throws
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
      if (reported === 'unreadable') this.watch.unreadable(NAME, operation.id);
      const balance = typeof reported === 'string' ? null : reported.balance;
      if (outcome.kind === 'declined' && outcome.failure.category === 'funds') await this.usedUp();
      if (outcome.kind === 'succeeded' && balance === null) await this.learnRate(operation.id, out, isProbe);
      if (outcome.kind !== 'succeeded' || balance === null) return outcome;
      this.watch.note(NAME, balance);
      return { ...outcome, reported: { balance, ...out } };
    } finally {
      this.out.delete(out);
    }
  }

  /** @throws ProviderError `not-sent` when it has to wait */
  private async begin(operation: StoredOperation): Promise<Admission> {
    // The first purchase of all tells the rate only if the balance before it is known.
    if (!this.observed) {
      this.observed = (await this.balances.state(NAME)) !== null;
      if (!this.observed) await this.look();
    }
    // What the commit of its record saw a moment ago needs no second look, unless a refusal came meanwhile.
    if (operation.isCovered === true && !this.float.mayBeShort) {
      return { begunAt: operation.startedAt, isProbe: false };
    }
    try {
      return await this.float.enter(NAME, this.safety, operation.id);
    } catch (error) {
      // It was covered when it was recorded: a new look tells whether it really is short. Its next try sees it.
      if (error instanceof ProviderError && error.reason === 'float_short') {
        if (await this.balances.claimAsking(NAME, SHORT_LOOK_MS)) await this.look();
      }
      throw error;
    }
  }

  /** LATCOM says that there is nothing left: no more leaves until a balance asked for later says otherwise. */
  private async usedUp(): Promise<void> {
    try {
      await this.float.markUsedUp(NAME);
      await this.look();
    } catch (error) {
      // What LATCOM said of the purchase is worth more than what it said of the balance.
      logger.warn({ provider: NAME, ...describeError(error) }, 'the balance could not be recorded');
    }
  }

  /**
   * Without a rate one purchase is out at a time, so what the balance has lost since is what this one cost; so too after one
   * that went to look at the rate.
   */
  private async learnRate(id: string, { begunAt, alone }: Out, isProbe: boolean): Promise<void> {
    if ((this.watch.source(NAME)?.lagMs ?? 0) > 0) return;
    if (isProbe && alone) return this.bounded(this.watch.askAfter(NAME, { id, begunAt }));
    try {
      const state = await this.balances.state(NAME);
      if (state === null || state.rate !== null) return;
    } catch (error) {
      logger.warn({ provider: NAME, ...describeError(error) }, 'the balance could not be observed');
      return;
    }
    await this.bounded(this.watch.askAfter(NAME, { id, begunAt }));
  }

  private async look(): Promise<void> {
    await this.bounded(this.watch.ask(NAME));
  }

  private async bounded(asking: Promise<void>): Promise<void> {
    const looking = asking.catch((error: unknown) => {
      logger.warn({ provider: NAME, ...describeError(error) }, 'the balance could not be observed');
    });
    await Promise.race([looking, sleep(LOOK_MS)]);
  }
}
