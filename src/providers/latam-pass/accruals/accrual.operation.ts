import {
  ProviderError,
  REFUSED_BY_EDGE,
  type OperationHandler,
  type Outcome,
  type StoredOperation,
} from '../../../connector/connector.js';
import type { LatamPassClient } from '../client.js';
import { isUnroutedQuery, readAccrualStatus, type FoundAccrual } from './accrual-status.mapping.js';
import { infrastructure, readAccrualReply, type AccrualReading } from './accrual.mapping.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** 88 % of accruals are final after 6 s, about 94 % after a minute. */
const USUAL_MS = MINUTE_MS;
/** Time until the status query after an acceptance without a correlationId: notifications are matched by that id. */
const FIND_CORRELATION_MS = 5 * SECOND_MS;

/**
 * An accrual: accepted at once, credited later. LATAM Pass identifies it by `partnerAccrualId`, so the same bytes can be sent
 * again after a doubtful response. It cannot be canceled once sent.
 */
export function accrualOperation(client: LatamPassClient, notified: boolean): OperationHandler {
  return {
    type: 'accrual',
    repeatable: true,
    deadlineMs: 20 * SECOND_MS,
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
  let reading: AccrualReading;
  let reply: string;
  let isFirst: boolean;
  try {
    const answer = await client.submitAccrual(operation, beforeSend);
    reading = readAccrualReply(answer);
    reply = answer.body;
    isFirst = operation.attempt <= 1 && answer.afterDoubt !== true;
  } catch (error) {
    const found = await findAfterDoubt(client, operation, error);
    if (!found) throw error;
    return endOf(found) ?? accepted(found.correlationId, notified, operation);
  }
  if (reading.kind === 'declined') return { ...reading, reply };
  if (reading.kind === 'accepted') return { ...accepted(reading.correlationId, notified, operation), reply };
  // The duplicate may be this accrual or another one: only a status query by our own id can show it.
  const found = await findDuplicate(client, operation);
  if (found) return endOf(found) ?? accepted(found.correlationId, notified, operation);
  if (isFirst) {
    return { kind: 'declined', failure: { ...reading.failure, code: 'duplicate_at_provider' }, reply };
  }
  throw new ProviderError('doubtful', 'duplicate_not_visible_yet');
}

/** If this query fails, the error is `doubtful`: the accrual itself has been sent. */
async function findDuplicate(client: LatamPassClient, operation: StoredOperation): Promise<FoundAccrual | null> {
  try {
    return await find(client, operation, { mustBeRouted: true });
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    throw new ProviderError('doubtful', error.reason, { ...error.extras, cause: error });
  }
}

/**
 * After the first lost response the accrual is just sent again. From the second on, a status query looks for an accrual that
 * was registered although its response was lost. null: not queried, not found, or the query failed too.
 */
async function findAfterDoubt(
  client: LatamPassClient,
  operation: StoredOperation,
  error: unknown,
): Promise<FoundAccrual | null> {
  const isInDoubt = error instanceof ProviderError && error.kind === 'doubtful';
  if (!isInDoubt || operation.attempt <= 1) return null;
  try {
    return await find(client, operation);
  } catch (failure) {
    if (failure instanceof ProviderError) return null;
    throw failure;
  }
}

async function poll(client: LatamPassClient, notified: boolean, operation: StoredOperation): Promise<Outcome> {
  const found = await find(client, operation);
  const end = found && endOf(found);
  if (end) return end;
  const correlationId = found?.correlationId ?? operation.correlationId;
  // Notifications are matched by the correlationId: while it is unknown, only polling can find the result.
  const pollInMs = nextPollMs(notified && correlationId !== null, operation);
  return { kind: 'waiting', pollInMs, correlationId };
}

async function find(
  client: LatamPassClient,
  operation: StoredOperation,
  { mustBeRouted = false } = {},
): Promise<FoundAccrual | null> {
  const { id, correlationId, priority } = operation;
  const reply = await client.findAccrual(
    correlationId === null ? { partnerAccrualId: id } : { correlationId },
    priority,
  );
  if (mustBeRouted && isUnroutedQuery(reply)) throw infrastructure(reply, REFUSED_BY_EDGE);
  return readAccrualStatus(reply, { transactionId: id, correlationId });
}

/** Includes the correlationId, so that a later notification about the same accrual can be matched. */
function endOf({ end, correlationId }: FoundAccrual): Outcome | null {
  return end && { ...end, correlationId };
}

function accepted(correlationId: string | null, notified: boolean, operation: StoredOperation): Outcome {
  const pollInMs = correlationId === null ? FIND_CORRELATION_MS : nextPollMs(notified, operation);
  return { kind: 'accepted', correlationId, pollInMs, expectedInMs: USUAL_MS };
}

/**
 * LATAM Pass's documents contain three polling policies. Chosen: with notifications, the first poll is 24 hours after the
 * start. Without, polls are 15, 30 and 60 s after it, then at growing intervals of up to one hour, with jitter.
 */
export function nextPollMs(
  notified: boolean,
  { startedAt }: Pick<StoredOperation, 'startedAt'>,
  random = Math.random,
): number {
  const ageMs = Date.now() - startedAt.getTime();
  if (notified) return ageMs < 24 * HOUR_MS ? 24 * HOUR_MS - ageMs : HOUR_MS;
  const early = [15 * SECOND_MS, 30 * SECOND_MS, MINUTE_MS].find((mark) => mark > ageMs + SECOND_MS);
  if (early !== undefined) return early - ageMs;
  const distance = Math.min(Math.max(ageMs, MINUTE_MS), HOUR_MS);
  return Math.round(distance * (0.5 + random() / 2));
}
