import { Injectable } from '@nestjs/common';
import { isUnavailable } from '../database/database.js';
import { newUuid } from '../ids.js';
import type { Claim } from '../ledger/claim.js';
import { Ledger } from '../ledger/ledger.js';
import { isFinal } from '../ledger/moves.js';
import { LedgerReader } from '../ledger/reader.js';
import type { Settled } from '../ledger/settle.js';
import type { Transaction } from '../ledger/transaction.js';
import { describeError, logger } from '../log.js';
import { metrics } from '../metrics.js';
import { QUOTA_USED_UP } from '../outbound/quota.js';
import { ProviderError, type OperationHandler, type Outcome } from '../providers/connector.js';
import { Vault } from '../vault.js';
import { after, judgeError, judgeExpired, judgeInterrupted, judgeOutcome, PARKED, type Verdict } from './judge.js';
import { QueueForecast } from './queue-forecast.js';
import { ConnectorRegistry, PREPARATION_MS } from './registry.js';
import { openSecret, sealSecret } from './secret.js';

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
    private readonly vault: Vault,
    private readonly forecast: QueueForecast,
  ) {}

  capacity(provider: string): number {
    return MAX_IN_FLIGHT - (this.inFlight.get(provider) ?? 0);
  }

  get busy(): number {
    return [...this.inFlight.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Works on a claimed row to the next state that can be recorded; answers with the transaction as it is then. */
  async run(claim: Claim, lane: 'interactive' | 'background' = 'background'): Promise<Transaction> {
    const { transaction } = claim;
    const { provider } = transaction;
    this.inFlight.set(provider, (this.inFlight.get(provider) ?? 0) + 1);
    try {
      return await this.advance(claim, lane);
    } finally {
      this.inFlight.set(provider, (this.inFlight.get(provider) ?? 1) - 1);
    }
  }

  private async advance(claim: Claim, lane: 'interactive' | 'background'): Promise<Transaction> {
    const { transaction } = claim;
    const handler = this.registry.handler(transaction.type);
    if (claim.expired) return this.write(transaction, judgeExpired(handler));
    if (claim.interrupted && !handler.repeatable) return this.write(transaction, judgeInterrupted(handler));
    const progress = { sent: false };
    let verdict: Verdict;
    try {
      const outcome = await this.call(handler, claim, progress, lane);
      verdict = judgeOutcome(handler, transaction, outcome);
    } catch (error) {
      const known = toProviderError(error, transaction, progress.sent);
      verdict = judgeError(handler, transaction, known, new Date());
      if (known.reason === QUOTA_USED_UP) verdict = await this.queued(transaction, verdict, known);
    }
    return this.write(transaction, verdict);
  }

  private async call(
    handler: OperationHandler,
    { transaction, leasedAtMs }: Claim,
    progress: { sent: boolean },
    lane: 'interactive' | 'background',
  ): Promise<Outcome> {
    const operation = {
      id: transaction.id,
      appId: transaction.appId,
      type: transaction.type,
      body: openSecret(this.vault, transaction).body,
      detail: transaction.detail,
      correlationId: transaction.correlationId,
      providerReference: transaction.providerReference,
      attempt: transaction.attempts,
      startedAt: transaction.releaseAt ?? transaction.createdAt,
      lane,
    };
    const { provider, type } = transaction;
    if (transaction.status === 'processing') {
      if (!handler.poll) throw new ProviderError('not-sent', 'no_status_query');
      return handler.poll(operation);
    }
    metrics.attempts.inc({ provider, type });
    return handler.send(operation, () => {
      // A process that was stopped and wakes up late must not send: somebody else has judged its attempt by then.
      if (performance.now() - leasedAtMs > PREPARATION_MS) throw new ProviderError('not-sent', 'lease_lost');
      if (transaction.expiresAt && transaction.expiresAt.getTime() <= Date.now()) {
        throw new ProviderError('not-sent', 'expired');
      }
      progress.sent = true;
    });
  }

  /** Nothing is wrong, it is only not its turn: no growing pauses, and an estimate that knows who waits before it. */
  private async queued(transaction: Transaction, verdict: Verdict, error: ProviderError): Promise<Verdict> {
    if (verdict.dueInMs === null) return verdict;
    const dueInMs = Math.round(error.extras.retryAfterMs ?? verdict.dueInMs);
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

  private settle(transaction: Transaction, verdict: Verdict, epoch: number | null): Promise<Settled> {
    const { resource, reply, ...rest } = verdict;
    return this.ledger.settle(transaction, {
      ...rest,
      ...(reply !== undefined && { sealed: this.withReply(transaction, reply) }),
      ...(resource && {
        resource: { ...resource, ...(resource.secret && { sealed: this.vault.seal(JSON.stringify(resource.secret)) }) },
      }),
      epoch,
      actor: 'gateway',
      eventId: newUuid(),
    });
  }

  private withReply(transaction: Transaction, reply: string): Buffer {
    return sealSecret(this.vault, { ...openSecret(this.vault, transaction), reply: reply.slice(0, MAX_REPLY_LENGTH) });
  }
}

/**
 * What is no `ProviderError` is a fault of ours: the database was away, or a connector has a defect. Before the call it
 * proves that nothing was sent; after it nobody knows.
 */
function toProviderError(error: unknown, transaction: Transaction, sent: boolean): ProviderError {
  if (error instanceof ProviderError) return error;
  if (!sent && isUnavailable(error)) return new ProviderError('not-sent', 'database_unavailable', { cause: error });
  metrics.alarms.inc({ kind: 'connector_defect' });
  const { id: transactionId, type } = transaction;
  logger.error({ transactionId, type, ...describeError(error) }, 'a connector broke');
  return new ProviderError(sent ? 'doubtful' : 'not-sent', 'internal_error', { cause: error });
}
