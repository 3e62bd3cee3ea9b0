import { sign } from '../sending/signature.js';
import type { WebhookRequest } from '../sending/webhook-http.service.js';

/** A signed request. `eventId` is public (`evt_…`). */
export function requestOf(url: string, eventId: string, body: string, secrets: readonly string[]): WebhookRequest {
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'loyalty-gateway',
    ...sign(eventId, body, secrets),
  };
  return { url, headers, body };
}
