import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { textOf } from '../../../readers/record.js';
import type { OperationHandler, StoredOperation } from '../../../connector/connector.js';
import type { LatamPassClient } from '../client.js';
import { readEndReply, readStartReply } from './cobranded.mapping.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Both are repeatable because they set a state: see `cobranded.mapping.ts`. */
const COMMON = {
  repeatable: true,
  deadlineMs: 10 * SECOND_MS,
  retry: { baseMs: SECOND_MS, capMs: 15 * MINUTE_MS, giveUpAfterMs: 24 * HOUR_MS },
  waitingFor: 'Waiting for LATAM Pass.',
} as const;

/** Starts the benefits of a bank's cobranded card. */
export function cobrandedStartOperation(client: LatamPassClient): OperationHandler {
  return {
    ...COMMON,
    type: 'cobranded_start',
    send: async (operation, beforeSend) => {
      const reply = await client.startCobranded(operation, bankOf(operation), beforeSend);
      return readStartReply(reply, attemptsOf(operation, reply));
    },
  };
}

/** Ends the benefits of a bank's cobranded card. */
export function cobrandedEndOperation(client: LatamPassClient): OperationHandler {
  return {
    ...COMMON,
    type: 'cobranded_end',
    send: async (operation, beforeSend) => {
      const reply = await client.endCobranded(operation, bankOf(operation), beforeSend);
      return readEndReply(reply, attemptsOf(operation, reply));
    },
  };
}

/** The number of calls that may have been executed, including the one that this reply answers. */
function attemptsOf({ attempt }: StoredOperation, { afterDoubt }: HttpReply): number {
  return afterDoubt === true ? attempt + 1 : attempt;
}

/** The bank was fixed when the operation was recorded: a new default must not send it to another bank. */
function bankOf({ detail }: StoredOperation): string {
  const issueBank = textOf(detail, 'issueBank');
  if (issueBank === null) throw new Error('the cobranded operation has no bank');
  return issueBank;
}
