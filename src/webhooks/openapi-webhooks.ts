import type { OpenAPIObject } from '@nestjs/swagger';
import { exampleOf } from './events/event-examples.js';
import { schemaOf } from './events/event-schema.js';
import { ALL_TYPES, EVENT_TYPES } from './events/event-types.js';

type Webhooks = NonNullable<OpenAPIObject['webhooks']>;
type Webhook = NonNullable<Webhooks[string]['post']>;

const HEADERS = {
  'webhook-id': [
    'The id of the event. Every attempt at an event has the same one: use it to find duplicates.',
    'evt_…',
  ],
  'webhook-timestamp': [
    'Seconds since 1970 of this attempt. Reject a request that is more than 5 minutes off.',
    '1796032931',
  ],
  'webhook-signature': [
    'One or more signatures, separated by blanks: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. One of them must be right.',
    'v1,…',
  ],
} as const;

const RESPONSES: Readonly<Record<string, string>> = {
  '2XX': 'Taken. Answer within 15 seconds, and process it afterwards. The body of the answer is ignored.',
  '410': 'The endpoint is disabled at once. Other events wait for a replay.',
  '429': 'The endpoint is down: one event is tried again, later and later; `Retry-After` is obeyed up to a day.',
  '4XX': 'This event is refused. It is tried again for three days; other events are sent meanwhile.',
  '5XX': 'The endpoint is down, as with a timeout: one event is tried again, later and later, the others wait.',
};

/** What the gateway sends to endpoints, for the OpenAPI document: one webhook for each type of event. */
export function openApiWebhooks(): Webhooks {
  return Object.fromEntries(ALL_TYPES.map((type) => [type, { post: webhookOf(type) }]));
}

function webhookOf(type: (typeof ALL_TYPES)[number]): Webhook {
  return {
    operationId: `Webhook_${type.replaceAll('.', '_')}`,
    summary: EVENT_TYPES[type],
    tags: ['Events'],
    security: [],
    parameters: Object.entries(HEADERS).map(([name, [description, example]]) => ({
      name,
      in: 'header',
      required: true,
      description,
      schema: { type: 'string', example },
    })),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: schemaOf(type), example: exampleOf(type) } },
    },
    responses: Object.fromEntries(Object.entries(RESPONSES).map(([status, description]) => [status, { description }])),
  };
}
