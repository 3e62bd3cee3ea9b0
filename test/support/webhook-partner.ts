import { textAt, type Answer, type Credentials } from './http.js';
import { unique } from './ids.js';
import { eventually } from './wait.js';
import { startWebhookReceiver, type ReceivedWebhook, type WebhookReceiver } from './webhook-receiver.js';
import type { World } from './world.js';

/** An app of its own with an endpoint at a receiver of its own. */
export interface WebhookPartner {
  readonly auth: Credentials;
  readonly receiver: WebhookReceiver;
  /** Its public id. */
  readonly endpoint: string;
  readonly secret: string;
  readonly call: (method: string, path: string, body?: unknown) => Promise<Answer>;
  /** `GET /v1/webhook-endpoints/{id}/deliveries` of the endpoint. */
  readonly deliveries: (query?: string) => Promise<DeliveryView[]>;
}

export interface DeliveryView {
  readonly id: string;
  readonly eventId: string;
  readonly type: string;
  readonly transactionId: string | null;
  readonly status: string;
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly nextAttemptAt: string | null;
  readonly deliveredAt: string | null;
  readonly log: readonly { at: string; durationMs: number; status: number | null; error: string | null }[];
}

/** `receivers` is for the test to close. */
export async function newWebhookPartner(
  world: World,
  receivers: WebhookReceiver[],
  changes: object = {},
): Promise<WebhookPartner> {
  const auth = await world.createApp();
  const receiver = await startWebhookReceiver();
  receivers.push(receiver);
  const call: WebhookPartner['call'] = (method, path, body) =>
    world.gateway().request(method, path, {
      auth,
      body,
      headers: method === 'GET' ? {} : { 'idempotency-key': unique('key'), prefer: 'wait=10' },
    });
  const made = await call('POST', '/v1/webhook-endpoints', { url: receiver.url, ...changes });
  expect(made.status).toBe(201);
  const endpoint = textAt(made.body, 'id');
  const deliveries: WebhookPartner['deliveries'] = async (query = '') => {
    const { status, body } = await call('GET', `/v1/webhook-endpoints/${endpoint}/deliveries?${query}`);
    expect(status).toBe(200);
    return (body as { data: DeliveryView[] }).data;
  };
  return { auth, receiver, endpoint, secret: textAt(made.body, 'secret'), call, deliveries };
}

/** Everything that the receiver got, as soon as it is `count` requests. */
export function arrived(
  receiver: WebhookReceiver,
  count: number,
  timeoutMs = 15_000,
): Promise<readonly ReceivedWebhook[]> {
  return eventually(
    timeoutMs,
    () => Promise.resolve(receiver.received),
    (all) => all.length >= count,
  );
}
