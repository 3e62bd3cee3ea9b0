import { json } from '../../support/faulty-proxy.js';
import { textAt } from '../../support/http.js';
import { topup } from '../../support/world.js';
import { itKeepsTheContract } from './contract.js';

itKeepsTheContract({
  name: 'latcom',
  path: '/v1/topups',
  location: '/v1/topups',
  member: 'topup',
  order: ({ number }) => topup({ phoneNumber: `553768${number}` }),
  mark: (order) => textAt(order, 'phoneNumber'),
  personal: ({ number }) => ({ phoneNumber: `553768${number}` }),
  calls: { execute: /^POST .*\/product_purchase$/, login: /^POST .*\/login$/ },
  recognizesRepeats: false,
  declined: json(400, { success: false, error: 'DN invalido', response_code: '83' }),
  tokenRefused: json(401, { success: false, error: 'Invalid or expired token' }),
  world: () => ({ gateway: { LATCOM_REQUESTS_PER_15_MINUTES: '100000' } }),
});
