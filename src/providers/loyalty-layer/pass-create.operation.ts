import type { OperationHandler } from '../connector.js';
import { PASS_DEADLINE_MS, type LoyaltyLayerClient } from './client.js';
import { readCreateReply } from './mapping.js';

const DAY_MS = 24 * 60 * 60_000;

/** The status of a pass whose creation failed: it never came to be and is shown to nobody. */
export const VOID = 'void';

/**
 * Issues a pass. "Ensures idempotency for retries" is claimed and no mechanism is documented, so a create whose answer
 * was lost is `unknown` and not sent again: a second one could be a second billable membership.
 */
export function passCreateOperation(client: LoyaltyLayerClient): OperationHandler {
  return {
    type: 'pass_create',
    repeatable: false,
    deadlineMs: PASS_DEADLINE_MS,
    retry: { baseMs: 1_000, capMs: 60_000, giveUpAfterMs: DAY_MS },
    resourceStatus: { succeeded: 'active', failed: VOID, unknown: 'unknown' },
    waitingFor: 'Waiting for LoyaltyLayer.',
    send: async (operation, beforeSend) => readCreateReply(await client.createPass(operation, beforeSend)),
  };
}
