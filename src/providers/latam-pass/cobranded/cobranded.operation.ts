import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { textOf } from '../../../readers/record.js';
import type { OperationHandler, StoredOperation } from '../../../connector/connector.js';
import { COBRANDED_DEADLINE_MS, type LatamPassClient } from '../client.js';
import { readEndReply, readStartReply } from './cobranded.mapping.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Both acts mean a state of the life cycle, not a movement: see `cobranded.mapping.ts` for why they may be repeated. */
const COMMON = {
  repeatable: true,
  deadlineMs: COBRANDED_DEADLINE_MS,
  retry: { baseMs: SECOND_MS, capMs: 15 * MINUTE_MS, giveUpAfterMs: 24 * HOUR_MS },
  waitingFor: 'Waiting for LATAM Pass.',
} as const;

/** Begins the benefits of a bank's cobranded card. */
export function cobrandedStartOperation(client: LatamPassClient): OperationHandler {
  return {
    ...COMMON,
    type: 'cobranded_start',
    send: async (operation, beforeSend) => {
      const reply = await client.startCobranded(operation.body, bankOf(operation), beforeSend);
      return readStartReply(reply, attemptsOf(operation, reply));
    },
  };
}

/** Ends them. */
export function cobrandedEndOperation(client: LatamPassClient): OperationHandler {
  return {
    ...COMMON,
    type: 'cobranded_end',
    send: async (operation, beforeSend) => {
      const reply = await client.endCobranded(operation.body, bankOf(operation), beforeSend);
      return readEndReply(reply, attemptsOf(operation, reply));
    },
  };
}

/** The number of calls that may have been executed, with the one that was answered. */
function attemptsOf({ attempt }: StoredOperation, { afterDoubt }: HttpReply): number {
  return afterDoubt === true ? attempt + 1 : attempt;
}

/** Fixed when the operation was recorded: a default that is configured anew must not move it to another bank. */
function bankOf({ detail }: StoredOperation): string {
  const issueBank = textOf(detail, 'issueBank');
  if (issueBank === null) throw new Error('a cobranded operation without a bank');
  return issueBank;
}
