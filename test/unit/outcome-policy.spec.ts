import { newUuid } from '../../src/common/ids.js';
import type { Transaction } from '../../src/ledger/model/transaction.js';
import {
  backoffMs,
  afterError,
  afterExpiry,
  afterInterruption,
  afterOutcome,
} from '../../src/operations/execution/outcome-policy.js';
import { ProviderError, type OperationHandler, type ProviderErrorKind } from '../../src/connector/connector.js';

const NOW = new Date('2026-11-20T12:00:00Z');
const HOUR_MS = 3_600_000;

function handler(repeatable: boolean): OperationHandler {
  return {
    type: 'topup',
    repeatable,
    deadlineMs: 1_000,
    retry: { baseMs: 1_000, capMs: 900_000, giveUpAfterMs: 24 * HOUR_MS },
    resourceStatus: { succeeded: 'active', failed: 'void', unknown: 'unknown' },
    waitingFor: 'Waiting.',
    send: () => Promise.reject(new Error('not called')),
  };
}

function transaction(changes: Partial<Transaction> = {}): Transaction {
  return {
    id: newUuid(),
    appId: newUuid(),
    type: 'topup',
    provider: 'latcom',
    status: 'pending',
    reference: null,
    quantity: 1n,
    unit: 'MXN',
    correlationId: null,
    providerReference: null,
    detail: {},
    sealed: null,
    metadata: {},
    failure: null,
    resourceId: null,
    attempts: 1,
    attemptOpen: true,
    epoch: 1,
    dueAt: null,
    parked: false,
    releaseAt: null,
    expiresAt: null,
    expectedBy: null,
    version: 1,
    createdAt: NOW,
    updatedAt: NOW,
    completedAt: null,
    blockedAt: null,
    erasedAt: null,
    ...changes,
  };
}

const error = (kind: ProviderErrorKind, retryAfterMs?: number): ProviderError =>
  new ProviderError(kind, 'why', retryAfterMs === undefined ? {} : { retryAfterMs });

describe('after a call without a usable answer, a transaction', () => {
  it.each<[ProviderErrorKind, boolean, object]>([
    ['not-sent', false, { to: null, attemptNotSent: true, dueInMs: 500 }],
    ['not-sent', true, { to: null, attemptNotSent: true, dueInMs: 500 }],
    ['rate-limited', false, { to: null, attemptNotSent: true }],
    ['unauthorized', false, { to: null, attemptNotSent: true, dueInMs: 60_000 }],
    ['doubtful', true, { to: null, attemptNotSent: false, dueInMs: 500 }],
    ['doubtful', false, { to: 'unknown', dueInMs: null, resource: { status: 'unknown' } }],
  ])('gets the verdict of the error "%s", repeatable %s', (kind, repeatable, expected) => {
    expect(afterError(handler(repeatable), transaction(), error(kind), NOW, () => 0.5)).toMatchObject(expected);
  });

  it('waits at least as long as the provider asks', () => {
    for (const kind of ['rate-limited', 'doubtful'] as const) {
      expect(afterError(handler(true), transaction(), error(kind, 61_000), NOW)).toMatchObject({ dueInMs: 61_000 });
    }
  });

  it('is parked after a day of failures, and never dropped', () => {
    const old = transaction({ createdAt: new Date(NOW.getTime() - 25 * HOUR_MS) });
    expect(afterError(handler(true), old, error('doubtful'), NOW)).toMatchObject({
      to: null,
      parked: true,
      dueInMs: null,
    });
    const released = transaction({ ...old, releaseAt: new Date(NOW.getTime() - HOUR_MS) });
    expect(afterError(handler(true), released, error('doubtful'), NOW)).not.toHaveProperty('parked', true);
  });

  it('that the provider has accepted keeps its status, however long the answer takes', () => {
    const accepted = transaction({ status: 'processing', createdAt: new Date(NOW.getTime() - 1_000 * HOUR_MS) });
    for (const kind of ['not-sent', 'rate-limited', 'unauthorized', 'doubtful'] as const) {
      const verdict = afterError(handler(false), accepted, error(kind), NOW);
      expect(verdict.to).toBeNull();
      expect(verdict.parked).toBeUndefined();
      expect(verdict.dueInMs).toBeGreaterThan(0);
    }
  });
});

it('the pause between tries grows exponentially with full jitter up to its cap', () => {
  const pauses = [1, 2, 3, 4, 12, 100].map((attempts) => backoffMs(handler(true), attempts, () => 1));
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 900_000, 900_000]);
  expect(backoffMs(handler(true), 12, () => 0.25)).toBe(225_000);
  expect(backoffMs(handler(true), 1, () => 0)).toBe(100);
});

it('an interrupted purchase is unknown, and an expired one has failed', () => {
  expect(afterInterruption(handler(false))).toMatchObject({ to: 'unknown', dueInMs: null });
  expect(afterExpiry(handler(false))).toMatchObject({
    to: 'failed',
    failure: { code: 'not_sent_in_time', retryable: true },
    resource: { status: 'void' },
  });
});

it.each([
  ['accepted', { kind: 'accepted', correlationId: 'c', pollInMs: 5, expectedInMs: 9 }, 'processing'],
  ['succeeded', { kind: 'succeeded', providerReference: 'r' }, 'succeeded'],
  ['waiting', { kind: 'waiting', pollInMs: 5 }, null],
] as const)('a call with the outcome "%s" sets its documented status', (_kind, outcome, to) => {
  expect(afterOutcome(handler(false), transaction(), outcome).to).toBe(to);
});
