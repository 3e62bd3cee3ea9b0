import { Injectable } from '@nestjs/common';
import { AppVault, type AppCipher } from '../app-vault.js';
import { isUnavailable } from '../database/database.js';
import { newUuid } from '../ids.js';
import type { Claim } from '../ledger/claim.js';
import { Ledger } from '../ledger/ledger.js';
import { isFinal } from '../ledger/moves.js';
import { LedgerReader } from '../ledger/reader.js';
import type { Settled } from '../ledger/settle.js';
import type { JsonObject, Transaction } from '../ledger/transaction.js';
import { describeError, logger } from '../log.js';
import { metrics } from '../metrics.js';
import { QUOTA_USED_UP } from '../outbound/quota.js';
import { ProviderError, type OperationHandler, type OperationLane, type Outcome } from '../providers/connector.js';
import { after, judgeError, judgeExpired, judgeInterrupted, judgeOutcome, PARKED, type Verdict } from './judge.js';
import { reportEdge } from './edge-alarm.js';
import { QueueForecast } from './queue-forecast.js';
import { ConnectorRegistry } from './registry.js';
import { openSecret, sealSecret } from './secret.js';
import { assertInTime, operationOf } from './sending.js';

/** Longer answers are kept in part: every documented one is far shorter. */
const MAX_REPLY_LENGTH = 16 * 1024;

/** How many operations of one provider this process works on at the same time. */
const MAX_IN_FLIGHT = 512;

/** The part of the road after the first commit: call the provider, record what it said. */
@Injectable()
export class Runner {
  private readonly inFlight = new Map<string, number>();

  constructor(
    private readonly ledger: Ledger,
    private readonly reader: LedgerReader,
    private readonly registry: ConnectorRegistry,
    private readonly vault: AppVault,
    private readonly forecast: QueueForecast,
  ) {}

  capacity(provider: string): number {
    return MAX_IN_FLIGHT - (this.inFlight.get(provider) ?? 0);
  }

  get busy(): number {
    return [...this.inFlight.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Works on a claimed row to the next state that can be recorded; answers with the transaction as it is then. */
  async run(claim: Claim, lane: OperationLane = 'background'): Promise<Transaction> {
    return this.count(claim.transaction.provider, 1, () => this.advance(claim, lane));
  }

  /** Counts so many operations as under way while `work` lasts. */
  async count<T>(provider: string, operations: number, work: () => Promise<T>): Promise<T> {
    this.inFlight.set(provider, (this.inFlight.get(provider) ?? 0) + operations);
    try {
      return await work();
    } finally {
      this.inFlight.set(provider, (this.inFlight.get(provider) ?? operations) - operations);
    }
  }

  private async advance(claim: Claim, lane: OperationLane): Promise<Transaction> {
    const { transaction } = claim;
    const handler = this.registry.handler(transaction.type);
    if (claim.expired) return this.write(transaction, judgeExpired(handler));
    if (claim.interrupted && !handler.repeatable) return this.write(transaction, judgeInterrupted(handler));
    const progress = { sent: false };
    let said: Outcome | ProviderError;
    try {
      said = await this.call(handler, claim, progress, lane);
    } catch (error) {
      said = toProviderError(error, transaction, progress.sent);
    }
    return this.conclude(transaction, said);
  }

  /** Records what a call's end means for one operation; `about`: what else the event shall say. */
  async conclude(
    transaction: Transaction,
    said: Outcome | ProviderError,
    about: JsonObject = {},
  ): Promise<Transaction> {
    const handler = this.registry.handler(transaction.type);
    const verdict =
      said instanceof ProviderError
        ? await this.judgeSilence(handler, transaction, said)
        : judgeOutcome(handler, transaction, said);
    return this.write(transaction, { ...verdict, eventDetail: { ...verdict.eventDetail, ...about } });
  }

  private async judgeSilence(
    handler: OperationHandler,
    transaction: Transaction,
    error: ProviderError,
  ): Promise<Verdict> {
    const { id: transactionId, provider } = transaction;
    reportEdge(error, { transactionId, provider });
    const verdict = judgeError(handler, transaction, error, new Date());
    return error.reason === QUOTA_USED_UP ? this.queued(handler, transaction, verdict, error) : verdict;
  }

  private async call(
    handler: OperationHandler,
    claim: Claim,
    progress: { sent: boolean },
    lane: OperationLane,
  ): Promise<Outcome> {
    const { transaction } = claim;
    const operation = {
      ...operationOf(await this.vault.of(transaction.appId), transaction, lane, claim.body),
      isCovered: claim.isCovered ?? false,
    };
    const { provider, type } = transaction;
    if (transaction.status === 'processing') {
      if (!handler.poll) throw new ProviderError('not-sent', 'no_status_query');
      return handler.poll(operation);
    }
    metrics.attempts.inc({ provider, type });
    return handler.send(operation, () => {
      assertInTime(claim);
      progress.sent = true;
    });
  }

  /** Nothing is wrong, it is only not its turn: no growing pauses, and an estimate that knows who waits before it. */
  private async queued(
    handler: OperationHandler,
    transaction: Transaction,
    verdict: Verdict,
    error: ProviderError,
  ): Promise<Verdict> {
    if (verdict.dueInMs === null) return verdict;
    // What can go together with others goes as soon as there is a permit for all of them.
    const dueInMs = handler.batch ? 0 : Math.round(error.extras.retryAfterMs ?? verdict.dueInMs);
    const drainMs = await this.forecast.drainMs(transaction.provider);
    return { ...verdict, dueInMs, expectedInMs: Math.max(dueInMs, drainMs) };
  }

  private async write(transaction: Transaction, verdict: Verdict): Promise<Transaction> {
    if (verdict.evidence === PARKED) {
      metrics.alarms.inc({ kind: 'parked' });
      logger.error({ transactionId: transaction.id }, 'parked for an operator');
    }
    const settled = await this.settle(transaction, verdict, transaction.epoch);
    if (settled.moved) return after(transaction, verdict, settled);
    return this.writeLate(transaction, verdict);
  }

  /** Somebody was faster: a notification ended it, or our lease ran out and it was called `unknown`. */
  private async writeLate(stale: Transaction, verdict: Verdict): Promise<Transaction> {
    const current = await this.reader.find(stale.id, stale.appId);
    if (!current) throw new Error('a transaction has vanished');
    if (current.status === 'unknown' && (verdict.to === 'succeeded' || verdict.to === 'failed')) {
      const late: Verdict = { ...verdict, evidence: 'late answer' };
      const settled = await this.settle(current, late, null);
      if (settled.moved) return after(current, late, settled);
    }
    const contradicts =
      isFinal(current.status) && verdict.to !== null && isFinal(verdict.to) && verdict.to !== current.status;
    if (contradicts) {
      metrics.alarms.inc({ kind: 'contradiction' });
      logger.error(
        { transactionId: current.id, is: current.status, said: verdict.to },
        'an answer contradicts a final state',
      );
    }
    return current;
  }

  private async settle(transaction: Transaction, verdict: Verdict, epoch: number | null): Promise<Settled> {
    const { resource, reply, ...rest } = verdict;
    const cipher = await this.vault.of(transaction.appId);
    return this.ledger.settle(transaction, {
      ...rest,
      ...(reply !== undefined && { sealed: withReply(cipher, transaction, reply) }),
      ...(resource && {
        resource: { ...resource, ...(resource.secret && { sealed: cipher.seal(JSON.stringify(resource.secret)) }) },
      }),
      epoch,
      actor: 'gateway',
      eventId: newUuid(),
    });
  }
}

function withReply(cipher: AppCipher, transaction: Transaction, reply: string): Buffer {
  return sealSecret(cipher, { ...openSecret(cipher, transaction), reply: reply.slice(0, MAX_REPLY_LENGTH) });
}

/**
 * What is no `ProviderError` is a fault of ours: the database was away, or a connector has a defect. Before the call it
 * proves that nothing was sent; after it nobody knows.
 */
export function toProviderError(error: unknown, transaction: Transaction, sent: boolean): ProviderError {
  if (error instanceof ProviderError) return error;
  if (!sent && isUnavailable(error)) return new ProviderError('not-sent', 'database_unavailable', { cause: error });
  metrics.alarms.inc({ kind: 'connector_defect' });
  const { id: transactionId, type } = transaction;
  logger.error({ transactionId, type, ...describeError(error) }, 'a connector broke');
  return new ProviderError(sent ? 'doubtful' : 'not-sent', 'internal_error', { cause: error });
}
