import { PROVIDERS } from '../../providers/declared.js';
import { DISABLED_REASONS } from '../endpoints/endpoint.js';
import { envelope, idOf, object, TEXT, type Schema } from './event-schema.js';
import { ENDPOINT_DISABLED, type GatewayEventType } from './gateway-event-types.js';
import { API_VERSION, type PublishedEvent } from './published-event.js';

/** The type of the event that a test sends. No endpoint can subscribe to it, and the feed does not show it. */
export const TEST_TYPE = 'webhook_endpoint.test';

type Type = GatewayEventType | typeof TEST_TYPE;
type Member = readonly [schema: Schema, example: unknown];
type Members = Readonly<Record<string, Member>>;

const UUID = '019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11';
const HEAD = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

const id = (prefix: string): Member => [idOf(prefix), `${prefix}_${UUID}`];
/** The first ten of them, so that the event stays below 1 kB; `count` says how many there are. */
const ids = (prefix: string): Member => [
  { type: 'array', items: idOf(prefix), minItems: 1, maxItems: 10 },
  [`${prefix}_${UUID}`],
];
const url = (example: string): Member => [TEXT, example];
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const COUNT: Member = [{ type: 'integer', minimum: 1 }, 1];
const PROVIDER: Member = [{ enum: PROVIDERS }, PROVIDERS[0]];
const REASON: Member = [{ enum: DISABLED_REASONS.filter((reason) => reason !== 'by_app') }, 'failing'];
const OF_PROVIDER: Members = { provider: PROVIDER, url: url('/v1/admin/providers') };

/** The members of `data`; triggers write them. */
const DATA: { readonly [type in Type]: Members } = {
  'ops.unknown.opened': {
    provider: PROVIDER,
    count: COUNT,
    transactionIds: ids('txn'),
    url: url(`/v1/admin/transactions/unknown?provider=${PROVIDERS[0]}`),
  },
  'ops.break.opened': {
    provider: PROVIDER,
    class: [TEXT, 'missing_in_ledger'],
    count: COUNT,
    breakIds: ids('brk'),
    url: url('/v1/admin/breaks'),
  },
  'ops.proposal.opened': {
    transactionId: [orNull(idOf('txn')), `txn_${UUID}`],
    breakId: [orNull(idOf('brk')), null],
    resolution: [TEXT, 'succeeded'],
    url: url(`/v1/admin/transactions/txn_${UUID}`),
  },
  'ops.float.low': {
    provider: PROVIDER,
    level: [{ type: 'string', pattern: '^\\d+(\\.\\d+)?$' }, '200'],
    url: url(`/v1/admin/providers/${PROVIDERS[0]}/balance`),
  },
  'ops.provider.paused': OF_PROVIDER,
  'ops.provider.resumed': OF_PROVIDER,
  'ops.provider.blocked': OF_PROVIDER,
  'ops.webhook_endpoint.disabled': {
    endpointId: id('whep'),
    appId: [orNull(idOf('app')), `app_${UUID}`],
    reason: REASON,
    url: url(`/v1/admin/webhook-endpoints/whep_${UUID}`),
  },
  'ops.ledger.head': {
    head: [{ type: 'string', pattern: '^[0-9a-f]{64}$' }, HEAD],
    seals: [{ type: 'integer', minimum: 1 }, 86_400],
    sealedUntil: [{ type: 'string', format: 'date-time' }, '2026-11-29T10:02:10.511Z'],
    url: url(`/v1/admin/ledger/verify?head=${HEAD}`),
  },
  [ENDPOINT_DISABLED]: { endpointId: id('whep'), reason: REASON, url: url(`/v1/webhook-endpoints/whep_${UUID}`) },
  [TEST_TYPE]: { endpointId: id('whep') },
};

/** The JSON Schema of the events of one type, as a part of a document. */
export function schemaOfGatewayEvent(type: Type): Schema {
  return envelope(type, object(members(type, ([schema]) => schema)));
}

/** An event of this type as a receiver gets it. */
export function exampleOfGatewayEvent(type: Type): { readonly [name in keyof PublishedEvent]: unknown } {
  return {
    id: 'evt_019aa3c5-8a10-7f54-8f0e-5a4cc1d9e702',
    type,
    timestamp: '2026-11-29T10:02:11.004Z',
    apiVersion: API_VERSION,
    data: members(type, ([, example]) => example),
  };
}

function members<T>(type: Type, part: (member: Member) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(DATA[type]).map(([name, member]) => [name, part(member)]));
}
