import type { ProviderManifest } from '../../connector/manifest.js';
import { PESO_UNIT } from '../../ledger/model/units.js';
import { LATCOM_VARIABLES, readLatcom } from './settings.js';
import { LATCOM_STATEMENT } from './statement.format.js';

export const LATCOM = {
  name: 'latcom',
  title: 'LATCOM',
  summary: 'prepaid top-ups',
  operations: {
    topup: { member: 'topup', path: '/v1/topups', personal: ['phoneNumber'], inStatement: true },
  },
  scopes: ['topups'],
  units: { [PESO_UNIT]: 2 },
  tags: [['Top-ups', 'Prepaid Mexican top-ups through LATCOM.']],
  variables: LATCOM_VARIABLES,
  baseUrlVariable: 'LATCOM_BASE_URL',
  readSettings: readLatcom,
  statement: LATCOM_STATEMENT,
  tables: { latcom_products: { state: ['*'] } },
  reportTables: ['latcom_products'],
  examples: [
    {
      title: 'a top-up of 10 pesos',
      path: '/v1/topups',
      body: '{"reference":"DEMO-$N","phoneNumber":"5537686660","productId":"MOVISTAR_TAE","amount":{"value":"10.00","currency":"MXN"},"allowDuplicate":true}',
    },
  ],
} as const satisfies ProviderManifest;
