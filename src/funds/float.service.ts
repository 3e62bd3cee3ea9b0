import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { alarm } from '../common/alarm.js';
import { logger } from '../common/log.js';
import { ProviderError } from '../connector/connector.js';

interface Entry {
  readonly verdict: 'go' | 'probe' | 'short' | 'turn';
  readonly begunAt: Date;
}

/** The permission to send a purchase. */
export interface Admission {
  /** Time by the database's clock. */
  readonly begunAt: Date;
  /** The balance does not cover the purchase at the known rate. Its real cost shows whether that rate is right. */
  readonly isProbe: boolean;
}

/** Shorter than an operation's preparation time, which also includes token and quota. */
const MAX_WAIT_MS = 5_000;
const POLL_MS = 50;
const TURN_RETRY_MS = 500;
const SHORT_RETRY_MS = 3_000;

/**
 * The last check before a purchase is sent; the balance may have become too low since the purchase was recorded. A
 * purchase that the observed balance does not cover is not sent. The exception is an occasional probe that shows
 * whether the rate is right. Until a rate is known, all instances together send one purchase at a time.
 */
@Injectable()
export class Float {
  /** The queue of this process's purchases that wait for their turn: they query the database one after the other. */
  private queue: Promise<unknown> = Promise.resolve();
  private wasShort = false;

  constructor(private readonly database: Database) {}

  /**
   * Resolves when the purchase may be sent.
   * @throws ProviderError `not-sent` (`float_short`, `another_is_out`)
   */
  async enter(provider: string, safety: string, transactionId: string): Promise<Admission> {
    const giveUpAt = performance.now() + MAX_WAIT_MS;
    const first = await this.readVerdict(provider, safety, transactionId);
    if (first.verdict !== 'turn') return admitted(first);
    const waiting = this.queue.then(async () => {
      let entry = first;
      while (entry.verdict === 'turn' && performance.now() < giveUpAt) {
        entry = await this.readVerdict(provider, safety, transactionId);
        if (entry.verdict === 'turn') await sleep(POLL_MS);
      }
      return admitted(entry);
    });
    this.queue = waiting.catch(() => undefined);
    return waiting;
  }

  /** True when the last check in this process found the balance short or empty: earlier coverage may no longer hold. */
  get mayBeShort(): boolean {
    return this.wasShort;
  }

  /** The provider refused a purchase for lack of funds: no purchase is sent until a later balance query shows funds. */
  async markUsedUp(provider: string): Promise<void> {
    this.wasShort = true;
    alarm('float_used_up', { provider }, 'the provider refused a purchase for lack of funds: purchases are paused');
    await this.database.query(
      // In milliseconds, like the times of balance queries: a query that begins right after this must not seem earlier.
      `insert into provider_floats as f (provider, emptied_at) values ($1, date_trunc('milliseconds', clock_timestamp()))
       on conflict (provider) do update set emptied_at = excluded.emptied_at`,
      [provider],
    );
  }

  private async readVerdict(provider: string, safety: string, transactionId: string): Promise<Entry> {
    const rows = await this.database.query<Entry>(
      `select verdict, begun_at as "begunAt" from enter_float($1, $2, $3)`,
      [provider, safety, transactionId],
    );
    if (!rows[0]) throw new Error('enter_float returned no row');
    this.wasShort = rows[0].verdict !== 'go';
    if (rows[0].verdict === 'probe') logger.warn({ provider, transactionId }, 'a purchase is sent to check the rate');
    return rows[0];
  }
}

function admitted({ verdict, begunAt }: Entry): Admission {
  if (verdict === 'go' || verdict === 'probe') return { begunAt, isProbe: verdict === 'probe' };
  const [reason, retryAfterMs] =
    verdict === 'short' ? (['float_short', SHORT_RETRY_MS] as const) : (['another_is_out', TURN_RETRY_MS] as const);
  throw new ProviderError('not-sent', reason, { retryAfterMs });
}
