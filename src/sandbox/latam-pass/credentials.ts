/**
 * The credentials that the simulated LATAM Pass accepts. They are public on purpose: they give access only to a
 * simulator.
 */
export const CREDENTIALS = {
  clientId: '5f3b0c52-6d8e-4a51-9a3c-0d1f2e3a4b5c',
  clientSecret: 'b7c1e1de-2f0a-4f7b-8a55-sandboxsecret',
  partnerId: '09989092000121',
  /** All known product ids. An accrual with another `productId` is accepted, then canceled with reason 110. */
  productIds: ['001', '002', '003'],
  issueBank: 'DEMO-BANK',
} as const;
