/**
 * The credentials that the simulated LoyaltyLayer accepts. They are public on purpose: they give access only to a
 * simulator.
 */
export const CREDENTIALS = {
  clientId: 'loyalty-gateway-demo',
  clientSecret: 'loyalty-layer-sandbox-secret',
  /** The guide mentions a mock token for Priority Pass plans in UAT, without its value. */
  mockEnrolToken: 'uat-mock-enrol-token',
} as const;
