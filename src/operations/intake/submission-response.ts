import type { FastifyReply } from 'fastify';
import { publicId } from '../../common/ids.js';
import { operationOf } from '../../providers/declared.js';
import { isFinal } from '../../ledger/model/status-transitions.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import type { Submitted } from '../submission/submissions.service.js';

const ACCEPTED = 202;
const CREATED = 201;

/** The URL of the transaction. */
function locationOf(transaction: Transaction): string {
  return `${operationOf(transaction.type).path ?? '/v1/transactions'}/${publicId('txn', transaction.id)}`;
}

/** 201 for a final transaction, 202 for any other; and the headers of a submission. */
export function markSubmitted(reply: FastifyReply, { transaction, replayed }: Submitted): void {
  reply.status(isFinal(transaction.status) ? CREATED : ACCEPTED);
  reply.header('Location', locationOf(transaction));
  if (replayed) reply.header('Idempotency-Replayed', 'true');
}
