import {
  ProviderError,
  REFUSED_BY_EDGE,
  type OperationHandler,
  type Outcome,
  type StoredOperation,
} from '../../../connector/connector.js';
import { ACCRUAL_DEADLINE_MS, type LatamPassClient } from '../client.js';
import { isUnroutedQuery, readAccrualStatus, type FoundAccrual } from './accrual-status.mapping.js';
import { infrastructure, readAccrualReply, type AccrualReading } from './accrual.mapping.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** 88 % are final after 6 s, about 94 % after a minute. */
const USUAL_MS = MINUTE_MS;
/** Accepted without a correlationId: the status query has it, and without it no notification can be matched. */
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
  let reading: AccrualReading;
  let reply: string;
  let isFirst: boolean;
  try {
    const answer = await client.submitAccrual(operation.body, beforeSend);
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
  // Whose duplicate? Only a question by our own id tells.
  const found = await findDuplicate(client, operation);
  if (found) return endOf(found) ?? accepted(found.correlationId, notified, operation);
  if (isFirst) {
    return { kind: 'declined', failure: { ...reading.failure, code: 'duplicate_at_provider' }, reply };
  }
  throw new ProviderError('doubtful', 'duplicate_not_visible_yet');
}

/** The accrual has left and was answered: when the question fails, the attempt counts all the same. */
async function findDuplicate(client: LatamPassClient, operation: StoredOperation): Promise<FoundAccrual | null> {
  try {
    return await find(client, operation, { mustBeRouted: true });
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    throw new ProviderError('doubtful', error.reason, { ...error.extras, cause: error });
  }
}

/**
 * One lost answer is met by sending the same again. After two the accrual may be registered with nobody ever getting to
 * hear of it, so it is asked for; null: not visible, not asked for, or not answered either.
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
  // A notification can be matched by the correlationId only: until we have it, nobody will tell us.
  const pollInMs = nextPollMs(notified && correlationId !== null, operation);
  return { kind: 'waiting', pollInMs, correlationId };
}

async function find(
  client: LatamPassClient,
  operation: StoredOperation,
  { mustBeRouted = false } = {},
): Promise<FoundAccrual | null> {
  const { id, correlationId } = operation;
  const reply = await client.findAccrual(correlationId === null ? { partnerAccrualId: id } : { correlationId });
  if (mustBeRouted && isUnroutedQuery(reply)) throw infrastructure(reply, REFUSED_BY_EDGE);
  return readAccrualStatus(reply, { transactionId: id, correlationId });
}

/** With the correlationId: notifications of what has ended already are matched by it too. */
function endOf({ end, correlationId }: FoundAccrual): Outcome | null {
  return end && { ...end, correlationId };
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
  return Math.round(distance * (0.5 + random() / 2));
}
