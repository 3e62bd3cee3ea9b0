import { Injectable } from '@nestjs/common';
import type { AppCipher } from '../../crypto/app-vault.js';
import { isUnavailable } from '../../database/database.js';
import type { Claim } from '../../ledger/writes/claim.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { alarm } from '../../common/alarm.js';
import { describeError } from '../../common/log.js';
import { metrics } from '../../common/metrics.js';
import { ProviderError, type OperationHandler, type OperationLane, type Outcome } from '../../connector/connector.js';
import { judgeExpired, judgeInterrupted, type Transition } from './outcome-policy.js';
import { Outcomes } from './outcomes.service.js';
import { ConnectorRegistry } from '../connector-registry.service.js';
import { assertInTime, operationOf } from './stored-operation.js';
import { Turns } from './turns.service.js';

/** How many operations of one provider this process works on at the same time. */
const MAX_IN_FLIGHT = 512;

/** The part of the road after the first commit: call the provider, record what it said. */
@Injectable()
export class Runner {
  private readonly inFlight = new Map<string, number>();

  constructor(
    private readonly registry: ConnectorRegistry,
    private readonly outcomes: Outcomes,
    private readonly turns: Turns,
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
    if (claim.expired) return this.outcomes.write(transaction, judgeExpired(handler), null);
    if (claim.interrupted && !handler.repeatable)
      return this.outcomes.write(transaction, judgeInterrupted(handler), null);
    const progress = { sent: false };
    let cipher: AppCipher | null = null;
    let end: { readonly notItsTurn: Transition } | { readonly said: Outcome | ProviderError };
    try {
      cipher = await this.outcomes.prepare(transaction);
      const notItsTurn = await this.turns.judge(handler, transaction);
      end = notItsTurn ? { notItsTurn } : { said: await this.call(handler, claim, cipher, progress, lane) };
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
    lane: OperationLane,
  ): Promise<Outcome> {
    const { transaction } = claim;
    const operation = {
      ...operationOf(cipher, transaction, lane, claim.body),
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
 * What is no `ProviderError` is a fault of ours: the database was away, or a connector has a defect. Before the call it
 * proves that nothing was sent; after it nobody knows.
 */
export function toProviderError(error: unknown, transaction: Transaction, sent: boolean): ProviderError {
  if (error instanceof ProviderError) return error;
  if (!sent && isUnavailable(error)) return new ProviderError('not-sent', 'database_unavailable', { cause: error });
  const { id: transactionId, type } = transaction;
  alarm('connector_defect', { transactionId, type, ...describeError(error) }, 'a connector broke');
  return new ProviderError(sent ? 'doubtful' : 'not-sent', 'internal_error', { cause: error });
}
