import type { OpenAPIObject } from '@nestjs/swagger';
import { exampleOf } from './events/event-examples.js';
import { schemaOf } from './events/event-schema.js';
import { ALL_TYPES, EVENT_TYPES } from './events/event-types.js';
import { exampleOfGatewayEvent, schemaOfGatewayEvent, TEST_TYPE } from './events/gateway-event-schema.js';
import { ENDPOINT_DISABLED, ENDPOINT_DISABLED_TEXT, OPS_EVENT_TYPES, OPS_TYPES } from './events/gateway-event-types.js';

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

interface Described {
  readonly summary: string;
  readonly schema: object;
  readonly example: object;
}

/** What the gateway sends to endpoints, for the OpenAPI document: one webhook for each type of event. */
export function openApiWebhooks(): Webhooks {
  const ofTransactions = ALL_TYPES.map((type) => {
    return [type, { summary: EVENT_TYPES[type], schema: schemaOf(type), example: exampleOf(type) }] as const;
  });
  const others = [
    ofGateway(ENDPOINT_DISABLED, ENDPOINT_DISABLED_TEXT),
    ofGateway(TEST_TYPE, 'You tested the endpoint. There is nothing to do.'),
    ...OPS_TYPES.map((type) => ofGateway(type, OPS_EVENT_TYPES[type])),
  ];
  const all = [...ofTransactions, ...others];
  return Object.fromEntries(all.map(([type, described]) => [type, { post: webhookOf(type, described) }]));
}

function ofGateway(type: Parameters<typeof schemaOfGatewayEvent>[0], summary: string): readonly [string, Described] {
  return [type, { summary, schema: schemaOfGatewayEvent(type), example: exampleOfGatewayEvent(type) }];
}

function webhookOf(type: string, { summary, schema, example }: Described): Webhook {
  return {
    operationId: `Webhook_${type.replaceAll('.', '_')}`,
    summary,
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
      content: { 'application/json': { schema, example } },
    },
    responses: Object.fromEntries(Object.entries(RESPONSES).map(([status, description]) => [status, { description }])),
  };
}
