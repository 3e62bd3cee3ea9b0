import { BASES } from '../../src/ledger/model/evidence.js';
import { exampleOf } from '../../src/webhooks/events/event-examples.js';
import { ALL_TYPES } from '../../src/webhooks/events/event-types.js';
import {
  exampleOfGatewayEvent,
  schemaOfGatewayEvent,
  TEST_TYPE,
} from '../../src/webhooks/events/gateway-event-schema.js';
import { ENDPOINT_DISABLED, OPS_TYPES } from '../../src/webhooks/events/gateway-event-types.js';
import { PROVIDERS, TRANSACTION_TYPES } from '../../src/providers/declared.js';
import { at } from '../support/http.js';

/* docs/webhooks.md states these sizes. */
const longest = (texts: readonly string[]): string => texts.reduce((a, b) => (b.length > a.length ? b : a));
const bytesOf = (event: unknown): number => Buffer.byteLength(JSON.stringify(event));
/** A character with four bytes. */
const WIDE = '\u{1F600}';

/** The largest event of a transaction whose provider reference consists of 256 of `character`. */
function largest(type: (typeof ALL_TYPES)[number], character: string, wide: string): unknown {
  const event = exampleOf(type);
  const changes = {
    transactionType: longest(TRANSACTION_TYPES),
    provider: longest(PROVIDERS),
    reference: wide.repeat(50),
    version: 2_147_483_647,
    basis: longest(BASES),
    quantity: { value: '92233720368547758.07', unit: `PASS:${wide.repeat(100)}` },
    providerReference: character.repeat(256),
    failure: { code: 'c'.repeat(60), category: 'configuration', retryable: false },
  };
  return { ...event, data: { ...event.data, ...changes } };
}

it.each(ALL_TYPES)('%s is below 3 kB, whatever a provider and a partner name', (type) => {
  // PostgreSQL holds control characters except NUL, and JSON needs six bytes for one.
  expect(bytesOf(largest(type, '\u0001', WIDE))).toBeLessThan(3_072);
});

it.each(ALL_TYPES)('%s is usually below 1 kB', (type) => {
  expect(bytesOf(exampleOf(type))).toBeLessThan(1_024);
});

it.each([...OPS_TYPES, ENDPOINT_DISABLED, TEST_TYPE] as const)('%s is below 1 kB', (type) => {
  const example = exampleOfGatewayEvent(type);
  const members = Object.entries(Object(example.data) as Record<string, unknown>).map(([name, value]) => {
    const most = at(schemaOfGatewayEvent(type), 'properties', 'data', 'properties', name, 'maxItems');
    if (Array.isArray(value)) return [name, Array<unknown>(Number(most)).fill(value[0])];
    if (name === 'count') return [name, Number.MAX_SAFE_INTEGER];
    if (name === 'provider') return [name, longest(PROVIDERS)];
    return [name, name === 'breakId' ? 'brk_019aa3f0-0000-7000-8000-000000000001' : value];
  });
  expect(bytesOf({ ...example, data: Object.fromEntries(members) as object })).toBeLessThan(1_024);
});
