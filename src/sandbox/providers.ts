import { LATAM_PASS_DEMO, LATCOM_DEMO, LOYALTY_LAYER_DEMO } from './credentials.js';
import { type SimulatedProvider } from './provider.js';

const latamPass: SimulatedProvider = {
  name: 'latam-pass',
  env: (url) => ({
    LATAM_PASS_BASE_URL: `${url}/latam-pass`,
    LATAM_PASS_ENVIRONMENT: 'sandbox',
    LATAM_PASS_CLIENT_ID: LATAM_PASS_DEMO.clientId,
    LATAM_PASS_CLIENT_SECRET: LATAM_PASS_DEMO.clientSecret,
    LATAM_PASS_PARTNER_ID: LATAM_PASS_DEMO.partnerId,
    LATAM_PASS_PRODUCT_ID: LATAM_PASS_DEMO.productId,
    LATAM_PASS_ISSUE_BANK: LATAM_PASS_DEMO.issueBank,
  }),
};

const loyaltyLayer: SimulatedProvider = {
  name: 'loyalty-layer',
  env: (url) => ({
    LOYALTY_LAYER_BASE_URL: `${url}/loyalty-layer`,
    LOYALTY_LAYER_CLIENT_ID: LOYALTY_LAYER_DEMO.clientId,
    LOYALTY_LAYER_CLIENT_SECRET: LOYALTY_LAYER_DEMO.clientSecret,
  }),
};

const latcom: SimulatedProvider = {
  name: 'latcom',
  env: (url) => ({
    LATCOM_BASE_URL: `${url}/latcom/api/distributor`,
    LATCOM_CUSTOMER_ID: LATCOM_DEMO.customerId,
    LATCOM_SECRET_KEY: LATCOM_DEMO.secretKey,
  }),
};

/** Every provider that the sandbox simulates. */
export const PROVIDERS: readonly SimulatedProvider[] = [latamPass, loyaltyLayer, latcom];
