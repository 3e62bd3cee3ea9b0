import type { OperationHandler } from '../../../connector/connector.js';
import type { LatcomClient } from '../client.js';
import { readBalanceAfter, readPurchaseReply } from './topup.mapping.js';
import type { FloatGuardedPurchase } from './float-guarded-purchase.service.js';

const DAY_MS = 24 * 60 * 60_000;

/**
 * A purchase, sent at most once: no status query and no reversal is documented, and nothing says that a second send is
 * refused. Only what was certainly not executed is sent again, and only until it expires.
 */
export function topupOperation(
  client: LatcomClient,
  spending: FloatGuardedPurchase,
  timeoutMs: number,
): OperationHandler {
  return {
    type: 'topup',
    repeatable: false,
    deadlineMs: timeoutMs,
    retry: { baseMs: 1_000, capMs: 10_000, giveUpAfterMs: DAY_MS },
    waitingFor: 'Waiting for LATCOM.',
    send: (operation, beforeSend) =>
      spending.spend(operation, async () => {
        const reply = await client.purchase(operation.body, beforeSend);
        return { outcome: readPurchaseReply(reply, operation.id), balance: readBalanceAfter(reply) };
      }),
  };
}
