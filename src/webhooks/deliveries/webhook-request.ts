import { publicId } from '../../common/ids.js';
import { sign } from '../sending/signature.js';
import { traceparent } from '../sending/traceparent.js';
import type { WebhookRequest } from '../sending/webhook-http.service.js';

export interface WebhookContent {
  readonly url: string;
  readonly eventId: string;
  /** The UUID of the trace: of the transaction, or of an event that has none. */
  readonly traceId: string;
  readonly body: string;
  readonly secrets: readonly string[];
}

/** A signed request. */
export function requestOf({ url, eventId, traceId, body, secrets }: WebhookContent): WebhookRequest {
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'loyalty-gateway',
    traceparent: traceparent(traceId),
    ...sign(publicId('evt', eventId), body, secrets),
  };
  return { url, headers, body };
}
