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

/** A purchase that may leave. */
export interface Admission {
  /** The database's clock. */
  readonly begunAt: Date;
  /** The known rate does not cover it: what it costs shows whether that rate is right. */
  readonly isProbe: boolean;
}

/** Within an operation's preparation time, with room for token and quota. */
const MAX_WAIT_MS = 5_000;
const POLL_MS = 50;
const TURN_RETRY_MS = 500;
const SHORT_RETRY_MS = 3_000;

/**
 * The last door before a purchase leaves, for what was recorded before the float was known to be short: nothing is sent
 * that the observed float does not cover, but for one purchase now and then that shows whether the rate is right. While no
 * rate has been observed one purchase is out at a time, in the whole fleet.
 */
@Injectable()
export class Float {
  /** Those of this process who wait for their turn ask one after the other. */
  private line: Promise<unknown> = Promise.resolve();
  private doubtful = false;

  constructor(private readonly database: Database) {}

  /**
   * Answers when the purchase may go.
   * @throws ProviderError `not-sent` (`float_short`, `another_is_out`)
   */
  async enter(provider: string, safety: string, transactionId: string): Promise<Admission> {
    const giveUpAt = performance.now() + MAX_WAIT_MS;
    const first = await this.ask(provider, safety, transactionId);
    if (first.verdict !== 'turn') return admitted(first);
    const waiting = this.line.then(async () => {
      let entry = first;
      while (entry.verdict === 'turn' && performance.now() < giveUpAt) {
        entry = await this.ask(provider, safety, transactionId);
        if (entry.verdict === 'turn') await sleep(POLL_MS);
      }
      return admitted(entry);
    });
    this.line = waiting.catch(() => undefined);
    return waiting;
  }

  /** The float was short, or said to be empty, when this process heard of it last: what it covered before may be more. */
  get isDoubtful(): boolean {
    return this.doubtful;
  }

  /** The provider refused for want of funds: nothing goes out until a balance that was asked for later says otherwise. */
  async empty(provider: string): Promise<void> {
    this.doubtful = true;
    alarm('float_used_up', { provider }, 'the provider refused a purchase for lack of funds: purchases are paused');
    await this.database.query(
      // In milliseconds, as the times of looks are: one that begins right after is not before it.
      `insert into provider_floats as f (provider, emptied_at) values ($1, date_trunc('milliseconds', clock_timestamp()))
       on conflict (provider) do update set emptied_at = excluded.emptied_at`,
      [provider],
    );
  }

  private async ask(provider: string, safety: string, transactionId: string): Promise<Entry> {
    const rows = await this.database.query<Entry>(
      `select verdict, begun_at as "begunAt" from enter_float($1, $2, $3)`,
      [provider, safety, transactionId],
    );
    if (!rows[0]) throw new Error('enter_float answered nothing');
    this.doubtful = rows[0].verdict !== 'go';
    if (rows[0].verdict === 'probe') logger.warn({ provider, transactionId }, 'a purchase goes to look at the rate');
    return rows[0];
  }
}

function admitted({ verdict, begunAt }: Entry): Admission {
  if (verdict === 'go' || verdict === 'probe') return { begunAt, isProbe: verdict === 'probe' };
  const [reason, retryAfterMs] =
    verdict === 'short' ? (['float_short', SHORT_RETRY_MS] as const) : (['another_is_out', TURN_RETRY_MS] as const);
  throw new ProviderError('not-sent', reason, { retryAfterMs });
}
