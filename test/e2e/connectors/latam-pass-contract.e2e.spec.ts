import { json } from '../../support/faulty-proxy.js';
import { textAt } from '../../support/http.js';
import { asMember, MAGIC } from '../../support/magic.js';
import { accrual } from '../../support/world.js';
import { itKeepsTheContract } from './contract.js';

const said = (code: number, message: string): object => ({
  code,
  message,
  instructions: 'Evaluate the request fields',
  issuedDateTime: '2026-01-20T14:10:36.177',
  details: null,
});

itKeepsTheContract({
  name: 'latam-pass',
  path: '/v1/accruals',
  location: '/v1/accruals',
  member: 'accrual',
  order: ({ number, email, lastName }) =>
    accrual({ member: { ffn: `7000001${number}`, email }, description: `Stay of ${lastName}` }),
  mark: (order) => textAt(order, 'reference'),
  personal: ({ number, email, lastName }) => ({ ffn: `7000001${number}`, email, description: `Stay of ${lastName}` }),
  shownInClear: ['description'],
  calls: { execute: /^POST .*\/partner\/accrual$/, login: /^POST .*\/access-token$/, status: /^GET .*\/accrual\?/ },
  slow: ({ number }) => accrual({ member: { ffn: asMember(`70${number}`, MAGIC.latamPass.neverNotified) } }),
  recognizesRepeats: true,
  declined: json(400, said(400, 'Invalid request content')),
  tokenRefused: json(401, said(401, 'Invalid or expired token')),
});
