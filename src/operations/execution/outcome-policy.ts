import type { Claimed } from '../../ledger/reads/claimed.js';
import type { Settlement } from '../../ledger/writes/settlement.js';
import type { Failure, Transaction } from '../../ledger/model/transaction.js';
import type { OperationHandler, Outcome, ProviderError, ResourceChange } from '../../connector/connector.js';

/** The part of a settlement that follows from the result of a call. The resource's secret is not encrypted yet. */
export type Transition = Pick<
  Settlement,
  | 'to'
  | 'dueInMs'
  | 'expectedInMs'
  | 'correlationId'
  | 'providerReference'
  | 'failure'
  | 'detail'
  | 'reported'
  | 'attemptNotSent'
  | 'parked'
  | 'evidence'
  | 'eventDetail'
> & { readonly resource?: ResourceChange; readonly reply?: string };

/** The evidence of a transaction that could not be delivered for too long: an operator must intervene. */
export const PARKED = 'parked';
/** Rejected credentials are not fixed within seconds. */
const UNAUTHORIZED_RETRY_MS = 60_000;

const NOT_SENT_IN_TIME: Failure = {
  code: 'not_sent_in_time',
  message: 'The request expired before it could be sent. Nothing was executed.',
  instructions: 'Send a new request if it is still wanted.',
  category: 'provider',
  provider: null,
  retryable: true,
};

export function afterOutcome(handler: OperationHandler, transaction: Transaction, outcome: Outcome): Transition {
  return {
    ...transitionOf(handler, transaction, outcome),
    ...(outcome.reply !== undefined && { reply: outcome.reply }),
  };
}

function transitionOf(handler: OperationHandler, transaction: Transaction, outcome: Outcome): Transition {
  const evidence = transaction.status === 'processing' ? 'status query' : 'answer';
  const ids = {
    correlationId: 'correlationId' in outcome ? (outcome.correlationId ?? null) : null,
    providerReference: 'providerReference' in outcome ? (outcome.providerReference ?? null) : null,
  };
  switch (outcome.kind) {
    case 'accepted':
      return { to: 'processing', dueInMs: outcome.pollInMs, expectedInMs: outcome.expectedInMs, evidence, ...ids };
    case 'waiting':
      return { to: null, dueInMs: outcome.pollInMs, evidence, eventDetail: { note: 'not final yet' }, ...ids };
    case 'succeeded': {
      const { detail, resource, reported } = outcome;
      const changes = { ...(detail && { detail }), ...(resource && { resource }), ...(reported && { reported }) };
      return { to: 'succeeded', dueInMs: null, evidence, ...ids, ...changes };
    }
    case 'declined':
      return {
        to: 'failed',
        dueInMs: null,
        failure: outcome.failure,
        evidence,
        ...ids,
        ...resourceFor(handler, 'failed'),
      };
  }
}

/** The transition after a call without a usable response. `now`: the current time. */
export function afterError(
  handler: OperationHandler,
  transaction: Transaction,
  error: ProviderError,
  now: Date,
  random: () => number = Math.random,
): Transition {
  const { reason, extras } = error;
  const eventDetail = { reason, ...extras.evidence };
  const sending = transaction.status !== 'processing';
  if (error.kind === 'doubtful' && sending && !handler.repeatable) {
    return {
      to: 'unknown',
      dueInMs: null,
      evidence: 'no answer that can be trusted',
      eventDetail,
      ...resourceFor(handler, 'unknown'),
    };
  }
  const began = transaction.releaseAt ?? transaction.createdAt;
  const attemptNotSent = sending && error.kind !== 'doubtful';
  if (sending && now.getTime() - began.getTime() > handler.retry.giveUpAfterMs) {
    return { to: null, dueInMs: null, parked: true, attemptNotSent, evidence: PARKED, eventDetail };
  }
  const pauseMs =
    error.kind === 'unauthorized' ? UNAUTHORIZED_RETRY_MS : backoffMs(handler, transaction.version, random);
  const dueInMs = Math.round(Math.max(pauseMs, extras.retryAfterMs ?? 0));
  const evidence = attemptNotSent || !sending ? 'not sent' : 'no answer that can be trusted';
  return { to: null, dueInMs, expectedInMs: dueInMs, attemptNotSent, evidence, eventDetail };
}

/** The transition when the process of an attempt has ended. Only for operations that must not be sent twice. */
export function afterInterruption(handler: OperationHandler): Transition {
  const eventDetail = { reason: 'interrupted' };
  return { to: 'unknown', dueInMs: null, evidence: 'interrupted', eventDetail, ...resourceFor(handler, 'unknown') };
}

export function afterExpiry(handler: OperationHandler): Transition {
  return {
    to: 'failed',
    dueInMs: null,
    failure: NOT_SENT_IN_TIME,
    evidence: 'expired',
    ...resourceFor(handler, 'failed'),
  };
}

/**
 * The transition for an attempt that began with a record, and that this process knows was never sent. null: another
 * writer has changed the transaction in another way than by ending the lease. If `unknown` is the first event after the
 * record, nothing was sent.
 */
export function afterNeverSent(handler: OperationHandler, { status, epoch, version }: Transaction): Transition | null {
  const reason = 'recorded_too_late';
  if (status === 'pending' && epoch === 1 && version === 1) return givenBack(reason);
  return status === 'unknown' && epoch === 2 && version === 2 ? neverHappened(handler, reason) : null;
}

/**
 * The transition for an attempt that began with a claim whose response was lost. null: another instance has claimed the
 * transaction since then and may be sending it.
 */
export function afterLostClaim(handler: OperationHandler, { transaction, claimEpoch }: Claimed): Transition | null {
  const { status, epoch, attemptOpen } = transaction;
  const reason = 'claim_unconfirmed';
  if (status === 'pending' && attemptOpen && epoch === claimEpoch) return givenBack(reason);
  const wasCalledUnknown = status === 'unknown' && epoch > claimEpoch && !handler.repeatable;
  return wasCalledUnknown ? neverHappened(handler, reason) : null;
}

function givenBack(reason: string): Transition {
  const eventDetail = { reason };
  return { to: null, dueInMs: 0, expectedInMs: 0, attemptNotSent: true, evidence: 'not sent', eventDetail };
}

function neverHappened(handler: OperationHandler, reason: string): Transition {
  return { ...afterExpiry(handler), evidence: 'not sent', eventDetail: { reason } };
}

/**
 * The pause before the next try, in milliseconds: exponential with full jitter. `tries` counts from 1. Callers pass the
 * transaction's version: it grows with every recorded try, also when nothing was sent.
 */
export function backoffMs(handler: OperationHandler, tries: number, random: () => number): number {
  const { baseMs, capMs } = handler.retry;
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(Math.max(tries - 1, 0), 30));
  return Math.max(ceiling * random(), baseMs / 10);
}

function resourceFor(handler: OperationHandler, end: 'failed' | 'unknown'): { resource?: ResourceChange } {
  return handler.resourceStatus ? { resource: { status: handler.resourceStatus[end] } } : {};
}
