import { Injectable } from '@nestjs/common';
import { newUuid } from '../../common/ids.js';
import { Ledger } from '../../ledger/ledger.service.js';
import type { Failure, Transaction } from '../../ledger/model/transaction.js';
import { Problem } from '../../common/problem.js';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import { SendAdmission } from '../execution/send-admission.service.js';
import { ConnectorRegistry } from '../connector-registry.service.js';
import { AttemptRunner } from '../execution/attempt-runner.service.js';

/** Milliseconds until any instance may claim the transaction; before that, this one tries. */
const SOON_MS = 1_000;

export interface Resolution {
  readonly outcome: 'succeeded' | 'failed';
  /** Where to verify it, e.g. a statement line or a ticket. */
  readonly evidence: string;
  readonly reason: string;
}

/** The actions of operators on a transaction that does not end automatically. */
@Injectable()
export class ManualResolution {
  constructor(
    private readonly ledger: Ledger,
    private readonly reader: LedgerReader,
    private readonly registry: ConnectorRegistry,
    private readonly admission: SendAdmission,
    private readonly runner: AttemptRunner,
  ) {}

  /** Ends an `unknown` or parked transaction with an operator's evidence. @throws Problem `invalid_state` */
  async resolve(transaction: Transaction, resolution: Resolution, actor: string): Promise<Transaction> {
    this.assertResolvable(transaction);
    const { outcome, evidence, reason } = resolution;
    const handler = this.registry.handler(transaction.type);
    const settled = await this.ledger.settle(transaction, {
      to: outcome,
      epoch: null,
      dueInMs: null,
      ...(outcome === 'failed' && { failure: failedByOperator(reason) }),
      ...(handler.resourceStatus && {
        resource: { status: outcome === 'failed' ? handler.resourceStatus.failed : handler.resourceStatus.succeeded },
      }),
      actor,
      evidence: 'operator',
      eventDetail: { evidence, reason },
      eventId: newUuid(),
    });
    return this.changed(transaction, settled.moved);
  }

  /** @throws Problem `invalid_state` */
  assertResolvable({ status, parked }: Transaction): void {
    if (status === 'unknown' || parked) return;
    throw new Problem('invalid_state', `Only an unknown or parked transaction can be resolved; it is ${status}.`);
  }

  /** Retries a parked transaction now. @throws Problem `invalid_state` where that is not safe */
  async retry(transaction: Transaction, actor: string): Promise<Transaction> {
    if (transaction.status !== 'pending' || !transaction.parked) {
      throw new Problem(
        'invalid_state',
        'Only a parked transaction can be retried: it was never accepted by the provider.',
      );
    }
    return this.note(transaction, actor, 'retry');
  }

  /** Queries the status of an accepted transaction now. @throws Problem `invalid_state` */
  async refresh(transaction: Transaction, actor: string): Promise<Transaction> {
    const handler = this.registry.handler(transaction.type);
    if (transaction.status !== 'processing' || !handler.poll) {
      throw new Problem(
        'invalid_state',
        'Only a processing transaction of a provider with a status query can be refreshed.',
      );
    }
    return this.note(transaction, actor, 'refresh');
  }

  /** Recorded first: if this process ends now, another instance claims the transaction. */
  private async note(transaction: Transaction, actor: string, evidence: 'retry' | 'refresh'): Promise<Transaction> {
    const settled = await this.ledger.settle(transaction, {
      to: null,
      epoch: transaction.epoch,
      dueInMs: SOON_MS,
      actor,
      evidence,
      eventId: newUuid(),
    });
    const changed = await this.changed(transaction, settled.moved);
    await this.admission.hold(() => this.runFirst(changed));
    return changed;
  }

  /** Uses the permits that are reserved for operators, ahead of the queue. */
  private async runFirst(transaction: Transaction): Promise<void> {
    if (this.admission.roomFor(transaction.provider) <= 0) return;
    const leaseMs = this.registry.leaseMs(transaction.provider);
    const claim = await this.ledger.claimOne(transaction, { leaseMs, actor: 'gateway' });
    if (!claim) return;
    void this.runner.start(claim, 'operator');
  }

  private async changed(transaction: Transaction, moved: boolean): Promise<Transaction> {
    if (!moved) throw new Problem('invalid_state', 'The transaction has just changed; reload it.');
    return this.reader.require(transaction);
  }
}

function failedByOperator(reason: string): Failure {
  return {
    code: 'resolved_by_operator',
    message: 'An operator found that the operation was not executed.',
    instructions: reason,
    category: 'operator',
    provider: null,
    retryable: true,
  };
}
