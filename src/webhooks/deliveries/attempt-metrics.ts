import { metrics } from '../../common/metrics.js';
import type { SendResult } from '../sending/webhook-http.service.js';
import { judge, type ClaimedDelivery } from './delivery.js';

const MS = 1_000;

/** Counts an attempt. `heldMs` is the time from its claim to its answer. */
export function countAttempt({ waitedMs, isReplay }: ClaimedDelivery, result: SendResult, heldMs: number): void {
  const outcome = judge(result).kind;
  metrics.webhookDeliveries.inc({ outcome });
  metrics.webhookDeliverySeconds.observe(result.durationMs / MS);
  if (outcome === 'delivered' && !isReplay) metrics.webhookCommitToDeliverySeconds.observe((waitedMs + heldMs) / MS);
}
