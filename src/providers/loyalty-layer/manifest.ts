import type { ProviderManifest } from '../../connector/manifest.js';
import { PlanEntity } from './plans/plan.entity.js';
import { LOYALTY_LAYER_VARIABLES, readLoyaltyLayer } from './settings.js';

const PASS = { member: 'pass', path: null, personal: ['holder', 'metadata'] } as const;

export const LOYALTY_LAYER = {
  name: 'loyalty-layer',
  title: 'LoyaltyLayer',
  summary: 'passes',
  operations: { pass_create: PASS, pass_update: PASS, pass_cancel: PASS },
  resources: { pass: { idPrefix: 'pass', endStatuses: ['canceled', 'expired', 'void'] } },
  scopes: ['passes'],
  units: { 'PASS:<planId>': 0 },
  tags: [
    ['Cards', 'Encrypted cards for LoyaltyLayer. The gateway never sees a card number.'],
    ['Passes', 'Lounge and eSIM passes of LoyaltyLayer.'],
  ],
  variables: LOYALTY_LAYER_VARIABLES,
  baseUrlVariable: 'LOYALTY_LAYER_BASE_URL',
  readSettings: readLoyaltyLayer,
  entities: [PlanEntity],
  tables: { plans: { state: ['*'] }, provider_keys: { state: ['*'] } },
  reportTables: ['plans'],
  examples: [
    {
      title: 'a lounge pass',
      path: '/v1/passes',
      body: '{"reference":"DEMO-$N","planId":"LOUNGE-BASIC","holder":{"firstName":"Ana","lastName":"Lopez"}}',
    },
  ],
} as const satisfies ProviderManifest;
