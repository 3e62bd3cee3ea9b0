import { ProviderError, type OperationHandler, type Outcome, type StoredOperation } from '../connector.js';
import { ACCRUAL_DEADLINE_MS, type LatamPassClient } from './client.js';
import { readAccrualReply, readAccrualStatus, type FoundAccrual } from './mapping.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** 88 % are final after 6 s, about 94 % after a minute. */
const USUAL_MS = MINUTE_MS;
/** Accepted without a correlationId: the status query has it. */
const FIND_CORRELATION_MS = 5 * SECOND_MS;

/**
 * An accrual: accepted at once, credited later. LATAM Pass knows it by `partnerAccrualId`, so it may be sent again with
 * the same bytes whenever an answer is in doubt; it can never be cancelled.
 */
export function accrualOperation(client: LatamPassClient, notified: boolean): OperationHandler {
  return {
    type: 'accrual',
    repeatable: true,
    deadlineMs: ACCRUAL_DEADLINE_MS,
    retry: { baseMs: SECOND_MS, capMs: 15 * MINUTE_MS, giveUpAfterMs: 24 * HOUR_MS },
    waitingFor: notified ? "Waiting for LATAM Pass's notification." : 'Waiting for LATAM Pass; its status is polled.',
    send: (operation, beforeSend) => send(client, notified, operation, beforeSend),
    poll: (operation) => poll(client, notified, operation),
  };
}

async function send(
  client: LatamPassClient,
  notified: boolean,
  operation: StoredOperation,
  beforeSend: () => void,
): Promise<Outcome> {
  const reading = readAccrualReply(await client.submitAccrual(operation.body, beforeSend));
  if (reading.kind === 'declined') return reading;
  if (reading.kind === 'accepted') return accepted(reading.correlationId, notified, operation);
  // Whose duplicate? Only a question by our own id tells.
  const found = await find(client, operation);
  if (found) return found.end ?? accepted(found.correlationId, notified, operation);
  if (operation.attempt <= 1) {
    return { kind: 'declined', failure: { ...reading.failure, code: 'duplicate_at_provider' } };
  }
  throw new ProviderError('doubtful', 'duplicate_not_visible_yet');
}

async function poll(client: LatamPassClient, notified: boolean, operation: StoredOperation): Promise<Outcome> {
  const found = await find(client, operation);
  const pollInMs = nextPollMs(notified, operation);
  if (!found) return { kind: 'waiting', pollInMs };
  return found.end ?? { kind: 'waiting', pollInMs, correlationId: found.correlationId };
}

async function find(client: LatamPassClient, operation: StoredOperation): Promise<FoundAccrual | null> {
  const { id, correlationId } = operation;
  const reply = await client.findAccrual(correlationId === null ? { partnerAccrualId: id } : { correlationId });
  return readAccrualStatus(reply, { transactionId: id, correlationId });
}

function accepted(correlationId: string | null, notified: boolean, operation: StoredOperation): Outcome {
  const pollInMs = correlationId === null ? FIND_CORRELATION_MS : nextPollMs(notified, operation);
  return { kind: 'accepted', correlationId, pollInMs, expectedInMs: USUAL_MS };
}

/**
 * Three policies are documented. Decision: with notifications nobody asks before 24 hours have passed; without, at 15,
 * 30 and 60 s and then at growing distances up to an hour, with jitter.
 */
export function nextPollMs(notified: boolean, operation: StoredOperation, random = Math.random): number {
  const ageMs = Date.now() - operation.startedAt.getTime();
  if (notified) return ageMs < 24 * HOUR_MS ? 24 * HOUR_MS - ageMs : HOUR_MS;
  const early = [15 * SECOND_MS, 30 * SECOND_MS, MINUTE_MS].find((mark) => mark > ageMs + SECOND_MS);
  if (early !== undefined) return early - ageMs;
  const distance = Math.min(Math.max(ageMs, MINUTE_MS), HOUR_MS);
  return distance * (0.5 + random() / 2);
}
