import { Injectable } from '@nestjs/common';
import { newUuid, publicId } from '../../common/ids.js';
import { Ledger } from '../../ledger/ledger.service.js';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { Problem } from '../../common/problem.js';

/**
 * Number of tries. A try fails when a worker has claimed the row meanwhile; if that worker sent nothing, the next try
 * can succeed.
 */
const MAX_TRIES = 3;

/** Cancels transactions that were not sent. */
@Injectable()
export class Cancellation {
  constructor(
    private readonly ledger: Ledger,
    private readonly reader: LedgerReader,
  ) {}

  /**
   * Cancels a `pending` transaction while no attempt is in progress. A sender claims the row under a new epoch, so exactly
   * one of the two wins.
   * @throws Problem `invalid_state`
   */
  async cancelUnsent(transaction: Transaction): Promise<Transaction> {
    let current = transaction;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (current.status !== 'pending' || current.attemptOpen) break;
      const { moved } = await this.ledger.settle(current, {
        to: 'canceled',
        epoch: current.epoch,
        dueInMs: null,
        actor: publicId('app', current.appId),
        evidence: 'cancel request',
        eventId: newUuid(),
      });
      current = await this.reader.require(current);
      if (moved) return current;
    }
    throw new Problem('invalid_state', refusal(current));
  }
}

function refusal({ status }: Transaction): string {
  return status === 'pending'
    ? 'The transaction is being sent and can no longer be canceled.'
    : `Only a pending transaction that was not sent can be canceled; this one is ${status}.`;
}
