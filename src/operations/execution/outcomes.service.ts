import { Injectable } from '@nestjs/common';
import { AppVault, type AppCipher } from '../../crypto/app-vault.js';
import { OUTCOME_RETRY_MS, retryWhileUnavailable } from '../../database/wait-out.js';
import { alarm } from '../../common/alarm.js';
import { newUuid } from '../../common/ids.js';
import { Ledger } from '../../ledger/ledger.service.js';
import { isFinal } from '../../ledger/model/status-transitions.js';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import type { Settled } from '../../ledger/writes/settle.js';
import { asSettled } from '../../ledger/writes/settled.js';
import type { JsonObject, Transaction } from '../../ledger/model/transaction.js';
import { describeError, logger } from '../../common/log.js';
import { QUOTA_USED_UP } from '../../outbound/quota.service.js';
import { ProviderError, type OperationHandler, type Outcome } from '../../connector/connector.js';
import { afterError, afterOutcome, PARKED, type Transition } from './outcome-policy.js';
import { reportEdge } from './edge-alarm.js';
import { BacklogEstimate } from './backlog-estimate.service.js';
import { ConnectorRegistry } from '../connector-registry.service.js';
import { openSecret, sealSecret } from '../sealed-payload.js';
import { ChangeOrder } from './change-order.service.js';

/** Longer responses are cut; every documented one is far shorter. */
const MAX_REPLY_LENGTH = 16 * 1024;

/** Records the outcomes of calls. A write is retried while the database is unavailable, up to a limit. */
@Injectable()
export class Outcomes {
  constructor(
    private readonly ledger: Ledger,
    private readonly reader: LedgerReader,
    private readonly registry: ConnectorRegistry,
    private readonly vault: AppVault,
    private readonly backlog: BacklogEstimate,
    private readonly changeOrder: ChangeOrder,
  ) {}

  /**
   * Loads the app's key and the ledger's accounts, which recording the outcome needs. Use it before the call: the
   * database may be unavailable when the response arrives.
   */
  async prepare(transaction: Transaction): Promise<AppCipher> {
    const [cipher] = await Promise.all([this.vault.of(transaction.appId), this.ledger.prepare(transaction)]);
    return cipher;
  }

  /**
   * Records the outcome of a call for one operation. `cipher`: from `prepare`; null: nothing was sent. `about`: more
   * members for the event.
   */
  async conclude(
    transaction: Transaction,
    said: Outcome | ProviderError,
    cipher: AppCipher | null,
    about: JsonObject = {},
  ): Promise<Transaction> {
    const handler = this.registry.handler(transaction.type);
    const transition =
      said instanceof ProviderError
        ? await this.transitionAfterError(handler, transaction, said)
        : afterOutcome(handler, transaction, said);
    return this.write(transaction, { ...transition, eventDetail: { ...transition.eventDetail, ...about } }, cipher);
  }

  private async transitionAfterError(
    handler: OperationHandler,
    transaction: Transaction,
    error: ProviderError,
  ): Promise<Transition> {
    const { id: transactionId, provider } = transaction;
    reportEdge(error, { transactionId, provider });
    const transition = afterError(handler, transaction, error, new Date());
    return error.reason === QUOTA_USED_UP ? this.queued(handler, transaction, transition, error) : transition;
  }

  /**
   * The transition when no permit was free. The pause does not grow, and the expected time includes all waiting
   * operations.
   */
  private async queued(
    handler: OperationHandler,
    transaction: Transaction,
    transition: Transition,
    error: ProviderError,
  ): Promise<Transition> {
    if (transition.dueInMs === null) return transition;
    // An operation that can be batched is sent as soon as there is a permit for the batch.
    const dueInMs = handler.batch ? 0 : Math.round(error.extras.retryAfterMs ?? transition.dueInMs);
    const drainMs = await this.drainMs(transaction);
    return { ...transition, dueInMs, expectedInMs: Math.max(dueInMs, drainMs) };
  }

  /** A failed estimate must not prevent the record. */
  private async drainMs({ id, provider }: Transaction): Promise<number> {
    try {
      return await this.backlog.drainMs(provider);
    } catch (error) {
      logger.warn({ transactionId: id, ...describeError(error) }, 'the queue could not be forecast');
      return 0;
    }
  }

  /** Records a transition; returns the transaction after it. `cipher`: see `conclude`. */
  async write(transaction: Transaction, transition: Transition, cipher: AppCipher | null): Promise<Transaction> {
    if (transition.evidence === PARKED) alarm('parked', { transactionId: transaction.id }, 'parked for an operator');
    const settled = await this.settle(transaction, transition, cipher, transaction.epoch);
    if (!settled.moved) return this.writeLate(transaction, transition, cipher);
    if (transition.to !== null && isFinal(transition.to))
      await this.changeOrder.ended(this.registry.handler(transaction.type), transaction);
    return asSettled(transaction, transition, settled);
  }

  /** Another writer was faster: a notification ended it, or our lease ended and it became `unknown`. */
  private async writeLate(stale: Transaction, transition: Transition, cipher: AppCipher | null): Promise<Transaction> {
    const current = await retryWhileUnavailable(OUTCOME_RETRY_MS, () => this.reader.require(stale));
    if (current.status === 'unknown' && (transition.to === 'succeeded' || transition.to === 'failed')) {
      const late: Transition = { ...transition, evidence: 'late answer' };
      const settled = await this.settle(current, late, cipher, null);
      if (settled.moved) return asSettled(current, late, settled);
    }
    const contradicts =
      isFinal(current.status) && transition.to !== null && isFinal(transition.to) && transition.to !== current.status;
    if (contradicts) {
      const fields = { transactionId: current.id, is: current.status, said: transition.to };
      alarm('contradiction', fields, 'a response contradicts a final status');
    }
    return current;
  }

  private async settle(
    transaction: Transaction,
    { resource, reply, ...rest }: Transition,
    cipher: AppCipher | null,
    epoch: number | null,
  ): Promise<Settled> {
    const secret = resource?.secret;
    return this.ledger.settle(transaction, {
      ...rest,
      ...(reply !== undefined && transaction.sealed && { sealed: withReply(prepared(cipher), transaction, reply) }),
      ...(resource && {
        resource: { ...resource, ...(secret && { sealed: prepared(cipher).seal(JSON.stringify(secret)) }) },
      }),
      epoch,
      actor: 'gateway',
      eventId: newUuid(),
    });
  }
}

/** @throws Error when the cipher was not loaded: the outcome could not be recorded, so nothing may be sent */
export function prepared(cipher: AppCipher | null): AppCipher {
  if (!cipher) throw new Error('the key of the app has not been fetched');
  return cipher;
}

function withReply(cipher: AppCipher, transaction: Transaction, reply: string): Buffer {
  return sealSecret(cipher, { ...openSecret(cipher, transaction), reply: reply.slice(0, MAX_REPLY_LENGTH) });
}
