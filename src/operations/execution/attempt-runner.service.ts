import { Injectable } from '@nestjs/common';
import type { AppCipher } from '../../crypto/app-vault.js';
import { isUnavailable } from '../../database/database.js';
import type { Claim } from '../../ledger/writes/claim.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { alarm } from '../../common/alarm.js';
import { describeError } from '../../common/log.js';
import { metrics } from '../../common/metrics.js';
import {
  ProviderError,
  type OperationHandler,
  type OperationPriority,
  type Outcome,
} from '../../connector/connector.js';
import { afterExpiry, afterInterruption, type Transition } from './outcome-policy.js';
import { Outcomes } from './outcomes.service.js';
import { ConnectorRegistry } from '../connector-registry.service.js';
import { assertInTime, operationOf } from './stored-operation.js';
import { ChangeOrder } from './change-order.service.js';
import { reportUnwritten } from './unwritten.js';

/** Operations of one provider that this process works on at the same time. */
const MAX_IN_FLIGHT = 512;

type Begun = Pick<Claim, 'leasedAtMs' | 'isCovered' | 'body'>;

/** Works on one claimed transaction: calls the provider and records the outcome. */
@Injectable()
export class AttemptRunner {
  private readonly inFlight = new Map<string, number>();

  constructor(
    private readonly registry: ConnectorRegistry,
    private readonly outcomes: Outcomes,
    private readonly changeOrder: ChangeOrder,
  ) {}

  /** Number of operations that may begin now. */
  capacity(provider: string): number {
    return MAX_IN_FLIGHT - (this.inFlight.get(provider) ?? 0);
  }

  /** Number of operations in progress. */
  get busy(): number {
    return [...this.inFlight.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Begins the attempt. An outcome that cannot be recorded raises an alarm, whether or not the caller waits for it. */
  start(claim: Claim, priority: OperationPriority): Promise<Transaction> {
    const running = this.run(claim, priority);
    running.catch((error: unknown) => reportUnwritten(claim.transaction, error));
    return running;
  }

  /** Begins the attempt that was recorded together with its transaction. */
  startRecorded(transaction: Transaction, begun: Begun): Promise<Transaction> {
    const { batch } = this.registry.handler(transaction.type);
    const priority = batch && batch.size > 0 ? 'alone' : 'interactive';
    return this.start({ transaction, interrupted: false, expired: false, ...begun }, priority);
  }

  /** Works up to the next state that can be recorded; returns the transaction in that state. */
  private async run(claim: Claim, priority: OperationPriority): Promise<Transaction> {
    return this.count(claim.transaction.provider, 1, () => this.advance(claim, priority));
  }

  /** Counts `operations` as in progress while `work` runs. */
  async count<T>(provider: string, operations: number, work: () => Promise<T>): Promise<T> {
    this.inFlight.set(provider, (this.inFlight.get(provider) ?? 0) + operations);
    try {
      return await work();
    } finally {
      this.inFlight.set(provider, (this.inFlight.get(provider) ?? operations) - operations);
    }
  }

  private async advance(claim: Claim, priority: OperationPriority): Promise<Transaction> {
    const { transaction } = claim;
    const handler = this.registry.handler(transaction.type);
    if (claim.expired) return this.outcomes.write(transaction, afterExpiry(handler), null);
    if (claim.interrupted && !handler.repeatable)
      return this.outcomes.write(transaction, afterInterruption(handler), null);
    const progress = { sent: false };
    let cipher: AppCipher | null = null;
    let end: { readonly notItsTurn: Transition } | { readonly said: Outcome | ProviderError };
    try {
      cipher = await this.outcomes.prepare(transaction);
      const notItsTurn = await this.changeOrder.judge(handler, transaction);
      end = notItsTurn ? { notItsTurn } : { said: await this.call(handler, claim, cipher, progress, priority) };
    } catch (error) {
      end = { said: toProviderError(error, transaction, progress.sent) };
    }
    if ('notItsTurn' in end) return this.outcomes.write(transaction, end.notItsTurn, null);
    return this.outcomes.conclude(transaction, end.said, cipher);
  }

  private async call(
    handler: OperationHandler,
    claim: Claim,
    cipher: AppCipher,
    progress: { sent: boolean },
    priority: OperationPriority,
  ): Promise<Outcome> {
    const { transaction } = claim;
    const operation = {
      ...operationOf(cipher, transaction, handler, priority, claim.body),
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
}

/**
 * An error other than `ProviderError` is ours: the database was unavailable, or a connector has a defect. Before the call
 * it proves that nothing was sent; after it the outcome is in doubt.
 */
export function toProviderError(error: unknown, transaction: Transaction, sent: boolean): ProviderError {
  if (error instanceof ProviderError) return error;
  if (!sent && isUnavailable(error)) return new ProviderError('not-sent', 'database_unavailable', { cause: error });
  const { id: transactionId, type } = transaction;
  alarm('connector_defect', { transactionId, type, ...describeError(error) }, 'a connector broke');
  return new ProviderError(sent ? 'doubtful' : 'not-sent', 'internal_error', { cause: error });
}
