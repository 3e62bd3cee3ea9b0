import type { ProviderManifest } from '../../connector/manifest.js';
import { POINTS_UNIT } from './accruals/points.js';
import { LATAM_PASS_VARIABLES, readLatamPass } from './settings.js';
import { LATAM_PASS_STATEMENT } from './statement.format.js';

export const LATAM_PASS = {
  name: 'latam-pass',
  title: 'LATAM Pass',
  summary: 'points',
  operations: {
    accrual: { member: 'accrual', path: '/v1/accruals', personal: ['member', 'description'], inStatement: true },
    cobranded_start: { member: 'cobranded', path: null, personal: ['member', 'card'] },
    cobranded_end: { member: 'cobranded', path: null, personal: ['ffn', 'card'] },
  },
  scopes: ['accruals', 'members', 'cobranded'],
  units: { [POINTS_UNIT]: 0 },
  tags: [
    ['Accruals', 'Points for LATAM Pass members.'],
    ['Members', 'LATAM Pass members: looked up, never stored.'],
    ['Cobranded cards', "Benefits of banks' cobranded LATAM Pass cards."],
  ],
  variables: LATAM_PASS_VARIABLES,
  baseUrlVariable: 'LATAM_PASS_BASE_URL',
  readSettings: readLatamPass,
  notifications: {
    usernameVariable: 'LATAM_PASS_NOTIFICATION_USERNAME',
    passwordVariable: 'LATAM_PASS_NOTIFICATION_PASSWORD',
  },
  statement: LATAM_PASS_STATEMENT,
  examples: [
    {
      title: '100 points for a member',
      path: '/v1/accruals',
      body: '{"reference":"DEMO-$N","member":{"ffn":"01234567890"},"points":100,"occurredAt":"$NOW"}',
    },
  ],
} as const satisfies ProviderManifest;
