import type { FastifyReply } from 'fastify';
import { publicId } from '../../common/ids.js';
import { operationOf } from '../../providers/declared.js';
import { isFinal } from '../../ledger/model/status-transitions.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import type { Submitted } from './submissions.service.js';

const ACCEPTED = 202;
const CREATED = 201;

/** Where a caller finds the transaction again. */
export function locationOf(transaction: Transaction): string {
  return `${operationOf(transaction.type).path ?? '/v1/transactions'}/${publicId('txn', transaction.id)}`;
}

/** 201 when it is final, 202 while it is not or when nobody knows; the headers that go with a submission. */
export function markSubmitted(reply: FastifyReply, { transaction, replayed }: Submitted): void {
  reply.status(isFinal(transaction.status) ? CREATED : ACCEPTED);
  reply.header('Location', locationOf(transaction));
  if (replayed) reply.header('Idempotency-Replayed', 'true');
}
