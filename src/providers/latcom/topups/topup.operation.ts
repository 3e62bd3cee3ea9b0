import type { OperationHandler } from '../../../connector/connector.js';
import type { LatcomClient } from '../client.js';
import { readBalanceAfter, readPurchaseReply } from './topup.mapping.js';
import type { FloatGuardedPurchase } from './float-guarded-purchase.service.js';

const DAY_MS = 24 * 60 * 60_000;

/**
 * A purchase, executed at most once. LATCOM documents no status query, no reversal, and no rejection of a second send. So a
 * purchase is sent again only if it was certainly not executed, and only until it expires.
 */
export function topupOperation(
  client: LatcomClient,
  purchases: FloatGuardedPurchase,
  timeoutMs: number,
): OperationHandler {
  return {
    type: 'topup',
    repeatable: false,
    deadlineMs: timeoutMs,
    retry: { baseMs: 1_000, capMs: 10_000, giveUpAfterMs: DAY_MS },
    waitingFor: 'Waiting for LATCOM.',
    send: (operation, beforeSend) =>
      purchases.spend(operation, async () => {
        const reply = await client.purchase(operation, beforeSend);
        return { outcome: readPurchaseReply(reply, operation.id), balance: readBalanceAfter(reply) };
      }),
  };
}
