import { BASES } from '../../ledger/model/evidence.js';
import { STATUSES } from '../../ledger/model/transaction.js';
import { PROVIDERS, TRANSACTION_TYPES } from '../../providers/declared.js';
import type { EventType } from './event-types.js';
import type { PublishedEvent } from './published-event.js';

export type Schema = Readonly<Record<string, unknown>>;
type Members<T> = { readonly [name in keyof T]: Schema };

export const TEXT: Schema = { type: 'string' };
const TEXT_OR_NULL: Schema = { type: ['string', 'null'] };
const UUID_PATTERN = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** Members may be added to an event at any time: readers must ignore those that they do not know. */
export function object<T>(properties: Members<T>): Schema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

const QUANTITY = object({ value: { type: 'string', pattern: '^\\d+(\\.\\d+)?$' }, unit: TEXT });
const FAILURE = object({ code: TEXT, category: TEXT, retryable: { type: 'boolean' } });

/** The schema as a document of its own. */
export function standalone(schema: Schema): Schema {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...schema };
}

export function idOf(prefix: string): Schema {
  return { type: 'string', pattern: `^${prefix}_${UUID_PATTERN}$` };
}

/** The JSON Schema (2020-12) of events of one type, as a part of a document such as one of OpenAPI 3.1. */
export function schemaOf(type: EventType): Schema {
  const data = object<PublishedEvent['data']>({
    transactionId: idOf('txn'),
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

/** The members that all events have. */
export function envelope(type: string, data: Schema): Schema {
  return object<PublishedEvent>({
    id: idOf('evt'),
    type: { const: type },
    timestamp: { type: 'string', format: 'date-time' },
    apiVersion: { const: 'v1' },
    data,
  });
}
