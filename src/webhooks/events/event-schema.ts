import { BASES } from '../../ledger/model/evidence.js';
import { STATUSES } from '../../ledger/model/transaction.js';
import { PROVIDERS, TRANSACTION_TYPES } from '../../providers/declared.js';
import { DISABLED_REASONS } from '../endpoints/endpoint.js';
import type { EventType } from './event-types.js';
import { ENDPOINT_DISABLED } from './gateway-event-types.js';
import type { PublishedEvent } from './published-event.js';

type Schema = Readonly<Record<string, unknown>>;
type Members<T> = { readonly [name in keyof T]: Schema };

const TEXT: Schema = { type: 'string' };
const TEXT_OR_NULL: Schema = { type: ['string', 'null'] };
const UUID_PATTERN = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** Members may be added to an event at any time: readers must ignore those that they do not know. */
function object<T>(properties: Members<T>): Schema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

const QUANTITY = object({ value: { type: 'string', pattern: '^\\d+(\\.\\d+)?$' }, unit: TEXT });
const FAILURE = object({ code: TEXT, category: TEXT, retryable: { type: 'boolean' } });

/** The JSON Schema (2020-12) of events of one type, to stand alone. */
export function standaloneSchemaOf(type: EventType | typeof ENDPOINT_DISABLED): Schema {
  const schema = type === ENDPOINT_DISABLED ? schemaOfDisabled() : schemaOf(type);
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...schema };
}

/** The schema as a part of a document of that dialect, such as OpenAPI 3.1. */
export function schemaOf(type: EventType): Schema {
  const data = object<PublishedEvent['data']>({
    transactionId: { type: 'string', pattern: `^txn_${UUID_PATTERN}$` },
    transactionType: { enum: TRANSACTION_TYPES },
    provider: { enum: PROVIDERS },
    reference: TEXT_OR_NULL,
    version: { type: 'integer', minimum: 1 },
    status: { enum: STATUSES },
    previousStatus: { enum: [...STATUSES, null] },
    final: { type: 'boolean' },
    basis: { enum: BASES },
    quantity: { anyOf: [QUANTITY, { type: 'null' }] },
    providerReference: TEXT_OR_NULL,
    failure: { anyOf: [FAILURE, { type: 'null' }] },
    url: TEXT,
  });
  return envelope(type, data);
}

/** The JSON Schema of the event about a disabled endpoint, as a part of a document. */
export function schemaOfDisabled(): Schema {
  const data = object<Record<'endpointId' | 'reason' | 'url', unknown>>({
    endpointId: { type: 'string', pattern: `^whep_${UUID_PATTERN}$` },
    reason: { enum: DISABLED_REASONS.filter((reason) => reason !== 'by_app') },
    url: TEXT,
  });
  return envelope(ENDPOINT_DISABLED, data);
}

function envelope(type: string, data: Schema): Schema {
  return object<PublishedEvent>({
    id: { type: 'string', pattern: `^evt_${UUID_PATTERN}$` },
    type: { const: type },
    timestamp: { type: 'string', format: 'date-time' },
    apiVersion: { const: 'v1' },
    data,
  });
}
