import { assertManifests } from '../../src/providers/manifest-checks.js';
import { LATCOM_STATEMENT } from '../../src/providers/latcom/statement.format.js';
import type { ProviderManifest } from '../../src/connector/manifest.js';

const ONE: ProviderManifest = {
  name: 'one',
  title: 'One',
  summary: 'points',
  operations: { gift: { member: 'gift', path: '/v1/gifts', personal: [] } },
  resources: { voucher: { idPrefix: 'vou', endStatuses: ['used'] } },
  scopes: ['gifts'],
  units: { POINTS: 0 },
  tags: [['Gifts', 'Gifts.']],
  variables: { ONE_BASE_URL: { text: '' } },
  baseUrlVariable: 'ONE_BASE_URL',
  readSettings: () => ({ baseUrl: '' }),
  tables: { vouchers: {} },
  examples: [],
};

const OTHER: ProviderManifest = {
  ...ONE,
  name: 'other',
  operations: { prize: { member: 'prize', path: '/v1/prizes', personal: [] } },
  resources: { ticket: { idPrefix: 'tic', endStatuses: ['used'] } },
  scopes: ['prizes'],
  tags: [['Prizes', 'Prizes.']],
  variables: { OTHER_BASE_URL: { text: '' } },
  baseUrlVariable: 'OTHER_BASE_URL',
  tables: { tickets: {} },
};

it('manifests that share no name are accepted, and types of one provider may share a member and a path', () => {
  const types = { gift: ONE.operations['gift'], gift_back: ONE.operations['gift'] };
  expect(() => assertManifests([{ ...ONE, operations: types as ProviderManifest['operations'] }, OTHER])).not.toThrow();
});

it.each<[string, Partial<ProviderManifest>]>([
  ['provider one', { name: 'one' }],
  ['operation gift', { operations: { gift: { member: 'prize', path: null, personal: [] } } }],
  ['operation correction', { operations: { correction: { member: 'prize', path: null, personal: [] } } }],
  ['member gift', { operations: { prize: { member: 'gift', path: null, personal: [] } } }],
  ['member correction', { operations: { prize: { member: 'correction', path: null, personal: [] } } }],
  ['path /v1/gifts', { operations: { prize: { member: 'prize', path: '/v1/gifts', personal: [] } } }],
  ['resource voucher', { resources: { voucher: { idPrefix: 'tic', endStatuses: [] } } }],
  ['id prefix vou', { resources: { ticket: { idPrefix: 'vou', endStatuses: [] } } }],
  ['id prefix txn', { resources: { ticket: { idPrefix: 'txn', endStatuses: [] } } }],
  ['scope gifts', { scopes: ['gifts'] }],
  ['variable PORT', { variables: { OTHER_BASE_URL: { text: '' }, PORT: { text: '' } } }],
  ['variable ONE_BASE_URL', { variables: { OTHER_BASE_URL: { text: '' }, ONE_BASE_URL: { text: '' } } }],
  ['tag Gifts', { tags: [['Gifts', 'Others.']] }],
  ['table vouchers', { tables: { vouchers: {} } }],
])('a second declaration of the %s ends the start', (what, changes) => {
  expect(() => assertManifests([ONE, { ...OTHER, ...changes }])).toThrow(`the ${what} is declared twice`);
});

it.each<[string, Partial<ProviderManifest>, string]>([
  ['a name with upper case', { name: 'Other_One' }, 'not lower case with hyphens'],
  [
    'a base URL that is no variable',
    { baseUrlVariable: 'OTHER_URL' },
    'does not declare its baseUrlVariable OTHER_URL',
  ],
  [
    'an operation in a statement that it does not have',
    { operations: { prize: { member: 'prize', path: null, personal: [], inStatement: true } } },
    'needs both a statement',
  ],
  ['a statement that no operation is in', { statement: LATCOM_STATEMENT }, 'needs both a statement'],
])('a manifest with %s ends the start', (_what, changes, message) => {
  expect(() => assertManifests([ONE, { ...OTHER, ...changes }])).toThrow(message);
});
