import { Injectable } from '@nestjs/common';
import { json } from '../answer.js';
import { type Call } from '../call.js';
import { type Outcome } from '../exchange.js';
import { type Accrual, latamAccrualId, statusNow } from './accrual.js';
import { accrualKey, Accruals, transactionKey } from './accruals.js';
import { CREDENTIALS } from './credentials.js';
import { listDate } from './dates.js';
import { invalidContent, notFound } from './errors.js';
import { errorOf } from './notices.js';

/** "Get accrual", in the shape of its version 1: that of version 2 is not public. */
@Injectable()
export class AccrualList {
  constructor(private readonly accruals: Accruals) {}

  answer({ query }: Call): Outcome {
    const { partnerIdentifier, ...filters } = query;
    const { partnerId } = CREDENTIALS;
    if (partnerIdentifier === undefined) throw invalidContent({ partnerIdentifier: 'must not be null' });
    const given = Object.entries(filters);
    const [filter] = given;
    if (!filter || given.length > 1) throw invalidContent({ query: 'exactly one filter must be given' });
    const accrual = this.find(filter);
    if (!accrual || partnerIdentifier !== partnerId) throw notFound('Accrual not found');
    const accruals = [listItem(accrual, partnerId)];
    return { answer: json(200, { accruals, totalPages: 1, currentPage: 1, totalItens: 1 }) };
  }

  private find([name, value]: [string, string]): Accrual | undefined {
    switch (name) {
      case 'correlationId':
        return this.accruals.get(value);
      case 'partnerAccrualId':
        return this.accruals.find(accrualKey(value));
      case 'partnerTransactionId':
        return this.accruals.find(transactionKey(value));
      default:
        throw invalidContent({ [name]: 'is not a filter' });
    }
  }
}

function listItem(accrual: Accrual, partnerId: string): object {
  const status = statusNow(accrual);
  const reason = status === 'CANCELLED' ? accrual.reason : undefined;
  return {
    id: accrual.number,
    correlationId: accrual.id,
    partnerId,
    partnerAccrualId: accrual.partnerAccrualId,
    partnerTransactionId: accrual.partnerTransactionId,
    productId: accrual.productId,
    ffn: accrual.ffn,
    points: accrual.points,
    status,
    ...(status === 'PROCESSED' ? { latamAccrualId: latamAccrualId(accrual) } : {}),
    ...(reason === undefined ? {} : { error: errorOf(reason, listDate(accrual.finalAt)) }),
    createdAt: listDate(accrual.receivedAt),
  };
}
