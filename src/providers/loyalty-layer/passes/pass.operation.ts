import type { OperationHandler } from '../../../connector/connector.js';
import { PASS_DEADLINE_MS, type LoyaltyLayerClient } from '../client.js';
import { readCreateReply } from './pass.mapping.js';
import { PassBatching } from './pass-batching.js';

const DAY_MS = 24 * 60 * 60_000;

/** The status of a pass whose creation failed: it never came to be and is shown to nobody. */
export const VOID = 'void';

interface Options {
  /** How many creates may share one call where the quota is scarce; 1: none. */
  readonly batchMaxSize: number;
}

/**
 * Issues a pass. "Ensures idempotency for retries" is claimed and no mechanism is documented, so a create whose answer
 * was lost is `unknown` and not sent again: a second one could be a second billable membership.
 */
export function passCreateOperation(client: LoyaltyLayerClient, { batchMaxSize }: Options): OperationHandler {
  return {
    type: 'pass_create',
    repeatable: false,
    deadlineMs: PASS_DEADLINE_MS,
    retry: { baseMs: 1_000, capMs: 60_000, giveUpAfterMs: DAY_MS },
    resourceStatus: { succeeded: 'active', failed: VOID, unknown: 'unknown' },
    waitingFor: 'Waiting for LoyaltyLayer.',
    ...(batchMaxSize > 1 && { batch: new PassBatching(client, batchMaxSize) }),
    send: async (operation, beforeSend) => readCreateReply(await client.createPass(operation, beforeSend)),
  };
}
