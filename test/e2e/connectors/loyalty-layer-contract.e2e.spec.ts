import { json } from '../../support/faulty-proxy.js';
import { textAt } from '../../support/http.js';
import { pass } from '../../support/world.js';
import { itKeepsTheContract } from './contract.js';

const said = (code: number, error: string): object => ({ error, error_description: 'as the test says', code });

itKeepsTheContract({
  name: 'loyalty-layer',
  path: '/v1/passes',
  location: '/v1/transactions',
  member: 'pass',
  order: ({ number, firstName, lastName, email }) =>
    pass({ holder: { firstName, lastName, email, phone: `+551197777${number}` } }),
  mark: (order) => textAt(order, 'holder', 'email'),
  personal: ({ number, firstName, lastName, email }) => ({ firstName, lastName, email, phone: `+551197777${number}` }),
  calls: { execute: /^POST .*\/pass\/create$/, login: /^POST .*\/auth\/token$/ },
  recognizesRepeats: false,
  declined: json(400, said(400, 'invalid_request')),
  tokenRefused: json(401, said(401, 'invalid_token')),
  world: () => ({
    sandbox: { SANDBOX_REQUESTS_PER_MINUTE: '10000' },
    gateway: { LOYALTY_LAYER_REQUESTS_PER_MINUTE: '10000' },
  }),
});
