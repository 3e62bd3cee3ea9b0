import type { Status } from '../../ledger/model/transaction.js';
import type { Evidence } from '../../ledger/model/evidence.js';
import { DECLARED, TRANSACTION_TYPES } from '../../providers/declared.js';
import type { EventType } from './event-types.js';
import { publish, type EventRow, type PublishedEvent } from './published-event.js';

type Change = readonly [from: Status | null, to: Status, evidence: Evidence];

/** A usual change for each type. */
const CHANGE_OF: { readonly [type in EventType]: Change } = {
  'transaction.scheduled': [null, 'scheduled', 'request'],
  'transaction.pending': [null, 'pending', 'request'],
  'transaction.processing': ['pending', 'processing', 'answer'],
  'transaction.unknown': ['pending', 'unknown', 'no answer that can be trusted'],
  'transaction.succeeded': ['pending', 'succeeded', 'answer'],
  'transaction.failed': ['pending', 'failed', 'answer'],
  'transaction.canceled': ['scheduled', 'canceled', 'canceled by the app'],
  'transaction.corrected': ['succeeded', 'succeeded', 'correction'],
  'transaction.overdue': ['processing', 'processing', 'overdue'],
};

const [PROVIDER] = DECLARED;
const REPORTED: readonly Status[] = ['processing', 'succeeded'];

/** An event of this type as a receiver gets it. */
export function exampleOf(type: EventType): PublishedEvent {
  const [previousStatus, status, evidence] = CHANGE_OF[type];
  const row: EventRow = {
    id: '019aa3c5-8a10-7f54-8f0e-5a4cc1d9e702',
    type,
    at: new Date('2026-11-29T10:02:11.004Z'),
    transactionId: '019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11',
    transactionType: TRANSACTION_TYPES[0] ?? '',
    provider: PROVIDER?.name ?? '',
    reference: 'ORDER-1',
    seq: previousStatus === null ? 1 : 2,
    status,
    previousStatus,
    evidence,
    quantity: '3000',
    unit: Object.keys(PROVIDER?.units ?? {})[0] ?? null,
    providerReference: REPORTED.includes(status) ? '4711' : null,
    failure: status === 'failed' ? { code: 'member_not_found', category: 'member', retryable: false } : null,
  };
  return publish(row);
}
