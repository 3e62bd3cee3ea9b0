import { Injectable } from '@nestjs/common';
import { publicId } from '../../common/ids.js';
import { Ledger } from '../../ledger/ledger.service.js';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import type { Sibling } from '../../ledger/reads/siblings.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { describeError, logger } from '../../common/log.js';
import type { OperationHandler } from '../../connector/connector.js';
import { backoffMs, type Transition } from './outcome-policy.js';
import { ConnectorRegistry } from '../connector-registry.service.js';
import { turnOf, type OtherChange } from './change-turn.js';

/** Keeps changes to one resource in the order in which they were recorded, across all instances. */
@Injectable()
export class ChangeOrder {
  constructor(
    private readonly ledger: Ledger,
    private readonly reader: LedgerReader,
    private readonly registry: ConnectorRegistry,
  ) {}

  /** null: it may be sent. Call it after the attempt is committed, and before anything is sent. */
  async judge(handler: OperationHandler, transaction: Transaction): Promise<Transition | null> {
    const { order } = handler;
    if (!order || transaction.resourceId === null || transaction.status !== 'pending') return null;
    const siblings = await this.reader.siblings(transaction);
    const others = siblings.flatMap((sibling) => this.asChange(sibling));
    const turn = turnOf({ parts: order.partsOf(transaction.detail), attempts: transaction.attempts }, others);
    if (turn === 'go') return null;
    if (turn === 'wait') return waiting(handler, transaction);
    const by = siblings.filter(({ isLater, status }) => isLater && status === 'succeeded').map(({ id }) => id);
    const eventDetail = { by: by.map((id) => publicId('txn', id)) };
    return {
      to: 'failed',
      dueInMs: null,
      attemptNotSent: true,
      failure: order.superseded,
      evidence: 'superseded',
      eventDetail,
    };
  }

  /** Makes the changes that wait for this one due now. If this fails, each becomes due at its own time. */
  async ended(handler: OperationHandler, transaction: Transaction): Promise<void> {
    if (!handler.order || transaction.resourceId === null) return;
    try {
      await this.ledger.makeSiblingsDue(transaction);
    } catch (error) {
      const { id: transactionId } = transaction;
      logger.warn(
        { transactionId, ...describeError(error) },
        'the changes that wait for a change could not be made due',
      );
    }
  }

  private asChange(sibling: Sibling): OtherChange[] {
    const { order } = this.registry.handler(sibling.type);
    if (!order) return [];
    // After erasure it is not known which parts a change set.
    return [{ ...sibling, parts: sibling.erasedAt === null ? order.partsOf(sibling.detail) : 'all' }];
  }
}

function waiting(handler: OperationHandler, transaction: Transaction): Transition {
  const dueInMs = Math.round(backoffMs(handler, transaction.version, Math.random));
  const eventDetail = { reason: 'another_change_goes_first' };
  return { to: null, dueInMs, expectedInMs: dueInMs, attemptNotSent: true, evidence: 'not sent', eventDetail };
}
