import type { OperationHandler } from '../../../connector/connector.js';
import type { LoyaltyLayerClient } from '../client.js';
import { readCreateReply } from './pass.mapping.js';
import { PassBatching } from './pass-batching.js';

const DAY_MS = 24 * 60 * 60_000;

/** The status of a pass whose creation failed. It is never shown. */
export const VOID = 'void';

interface Options {
  /** Largest number of creates in one call while the quota is scarce; 1: no batches. */
  readonly batchMaxSize: number;
}

/**
 * Issues a pass. LoyaltyLayer claims "ensures idempotency for retries" but documents no mechanism. So a create with a lost
 * response becomes `unknown` and is not sent again: it could issue a second billable membership.
 */
export function passCreateOperation(client: LoyaltyLayerClient, { batchMaxSize }: Options): OperationHandler {
  return {
    type: 'pass_create',
    repeatable: false,
    deadlineMs: 30_000,
    retry: { baseMs: 1_000, capMs: 60_000, giveUpAfterMs: DAY_MS },
    resourceStatus: { succeeded: 'active', failed: VOID, unknown: 'unknown' },
    waitingFor: 'Waiting for LoyaltyLayer.',
    ...(batchMaxSize > 1 && { batch: new PassBatching(client, batchMaxSize) }),
    send: async (operation, beforeSend) => readCreateReply(await client.createPass(operation, beforeSend)),
  };
}
