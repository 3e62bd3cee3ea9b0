import type { Failure, JsonObject } from '../../../ledger/model/transaction.js';
import type { OperationHandler } from '../../../connector/connector.js';
import type { LoyaltyLayerClient } from '../client.js';
import { readCancelReply, readUpdateReply } from './pass-change.mapping.js';
import { isJsonObject } from '../../../readers/json.js';

const DAY_MS = 24 * 60 * 60_000;

/** Both are repeatable: sending the same bytes again changes nothing. */
const REPEATED = {
  repeatable: true,
  deadlineMs: 30_000,
  retry: { baseMs: 1_000, capMs: 60_000, giveUpAfterMs: DAY_MS },
  waitingFor: 'Waiting for LoyaltyLayer.',
} as const;

const SUPERSEDED: Failure = {
  code: 'superseded',
  message: 'A later change to the same pass took effect, so this one will not be sent.',
  instructions: 'Read the pass. If you still need part of this change, send it as a new change.',
  category: 'request',
  provider: null,
  retryable: false,
};

/** The parts of a pass that an update sets: each member of the holder, and the metadata as a whole. */
export function partsOfUpdate({ holder, metadata }: JsonObject): ReadonlySet<string> {
  const members = isJsonObject(holder) ? Object.keys(holder).map((name) => `holder.${name}`) : [];
  return new Set(isJsonObject(metadata) ? [...members, 'metadata'] : members);
}

/** Changes the holder at LoyaltyLayer. Metadata belong to the app and are not sent. */
export function passUpdateOperation(client: LoyaltyLayerClient): OperationHandler {
  return {
    type: 'pass_update',
    ...REPEATED,
    order: { partsOf: partsOfUpdate, superseded: SUPERSEDED },
    send: async (operation, beforeSend) => {
      const { body, detail } = operation;
      const metadata = detail['metadata'];
      const change = isJsonObject(metadata) ? { resource: { metadata } } : {};
      if (body === '') return { kind: 'succeeded', providerReference: null, ...change };
      const outcome = readUpdateReply(body, await client.updatePass(operation, beforeSend));
      return outcome.kind === 'succeeded' ? { ...outcome, ...change } : outcome;
    },
  };
}

export function passCancelOperation(client: LoyaltyLayerClient): OperationHandler {
  return {
    type: 'pass_cancel',
    ...REPEATED,
    order: { partsOf: () => 'all', superseded: SUPERSEDED },
    send: async (operation, beforeSend) =>
      readCancelReply(operation.body, await client.cancelPass(operation, beforeSend)),
  };
}
