/** What this LATCOM accepts. Public on purpose: it opens nothing but a simulator. */
export const CREDENTIALS = {
  customerId: 'DEMO-DISTRIBUTOR',
  secretKey: 'latcom-sandbox-secret',
} as const;
