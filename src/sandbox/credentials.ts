/**
 * The credentials and identifiers that the sandbox accepts unless it is told otherwise. Public on purpose: they open
 * nothing but a simulator on this machine.
 */
export const LATAM_PASS_DEMO = {
  clientId: '5f3b0c52-6d8e-4a51-9a3c-0d1f2e3a4b5c',
  clientSecret: 'b7c1e1de-2f0a-4f7b-8a55-sandboxsecret',
  partnerId: '09989092000121',
  productId: '001',
  /** Every one of these is known; another `productId` is accepted and then cancelled with reason 110. */
  productIds: ['001', '002', '003'],
  issueBank: 'DEMO-BANK',
} as const;

export const LOYALTY_LAYER_DEMO = {
  clientId: 'loyalty-gateway-demo',
  clientSecret: 'loyalty-layer-sandbox-secret',
  /** Stands for the mock token that the guide mentions for Priority Pass plans in UAT, without giving its value. */
  mockEnrolToken: 'uat-mock-enrol-token',
} as const;

export const LATCOM_DEMO = {
  customerId: 'DEMO-DISTRIBUTOR',
  secretKey: 'latcom-sandbox-secret',
} as const;
