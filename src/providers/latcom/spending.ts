import { setTimeout as sleep } from 'node:timers/promises';
import { BalanceWatch } from '../../funds/balance-watch.js';
import { Balances } from '../../funds/balances.js';
import { Float } from '../../funds/float.js';
import { describeError, logger } from '../../log.js';
import { ProviderError, type Outcome, type StoredOperation } from '../connector.js';

const NAME = 'latcom';
/** An outcome must not wait long for what is only good to know. */
const LOOK_MS = 1_500;
/** However many are held back, the balance is asked for so often at most. */
const SHORT_LOOK_MS = 5_000;

/** What a purchase does to the balance at LATCOM, and what the balance does to a purchase. */
export class Spending {
  /** Some balance is on record; asked once, because it stays true. */
  private observed = false;

  constructor(
    private readonly float: Float,
    private readonly balances: Balances,
    private readonly watch: BalanceWatch,
    private readonly safety: string,
  ) {}

  /**
   * Before it is sent. Answers with the database's clock.
   * @throws ProviderError `not-sent` when it has to wait
   */
  async begin(operation: StoredOperation): Promise<Date> {
    // The first purchase of all tells the rate only if the balance before it is known.
    if (!this.observed) {
      this.observed = (await this.balances.state(NAME)) !== null;
      if (!this.observed) await this.look();
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

  /** Before its outcome is recorded: until the balance is on record, the purchase counts as out. */
  async end(operation: StoredOperation, begunAt: Date, outcome: Outcome, balance: string | null): Promise<void> {
    try {
      if (outcome.kind === 'succeeded' && balance !== null) {
        const transactionId = operation.id;
        const observed = {
          provider: NAME,
          balance,
          currency: null,
          source: 'purchase',
          transactionId,
          begunAt,
        } as const;
        await this.watch.observe(observed);
      }
      if (outcome.kind === 'succeeded' && balance === null) await this.learnRate(operation.id, begunAt);
      if (outcome.kind === 'declined' && outcome.failure.category === 'funds') {
        await this.float.empty(NAME);
        await this.look();
      }
    } catch (error) {
      // What LATCOM said of the purchase is worth more than what it said of the balance.
      logger.warn({ provider: NAME, ...describeError(error) }, 'the balance could not be recorded');
    }
  }

  /** Without a rate one purchase is out at a time, so what the balance has lost since is what this one cost. */
  private async learnRate(id: string, begunAt: Date): Promise<void> {
    const isLagging = (this.watch.source(NAME)?.lagMs ?? 0) > 0;
    const state = await this.balances.state(NAME);
    if (isLagging || state === null || state.rate !== null) return;
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
