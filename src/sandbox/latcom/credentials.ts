/**
 * The credentials that the simulated LATCOM accepts. They are public on purpose: they give access only to a simulator.
 */
export const CREDENTIALS = {
  customerId: 'DEMO-DISTRIBUTOR',
  secretKey: 'latcom-sandbox-secret',
} as const;
