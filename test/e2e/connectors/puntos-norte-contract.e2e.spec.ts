import { join } from 'node:path';
import { json } from '../../support/faulty-proxy.js';
import { buildFourthProvider } from '../../support/fourth-provider.js';
import { textAt } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { itKeepsTheContract } from './contract.js';
import type { Order } from './connector.js';

const said = (code: string): object => ({ error: { code, message: 'as the test says' } });
const transfer = (memberNumber: string, memberName = 'Ana Lopez'): Order => ({
  reference: unique('transfer'),
  memberNumber,
  memberName,
  points: 500,
});

itKeepsTheContract({
  name: 'puntos-norte',
  path: '/v1/transfers',
  location: '/v1/transfers',
  member: 'transfer',
  order: ({ number, firstName, lastName }) => transfer(`100000${number}`, `${firstName} ${lastName}`),
  mark: (order) => textAt(order, 'memberNumber'),
  personal: ({ number, firstName, lastName }) => ({
    memberNumber: `100000${number}`,
    memberName: `${firstName} ${lastName}`,
  }),
  calls: { execute: /^POST .*\/transfers$/, login: /^POST .*\/oauth\/token$/, status: /^GET .*\/transfers\// },
  slow: ({ number }) => transfer(`${number}099608`),
  recognizesRepeats: true,
  declined: json(422, said('limit_exceeded')),
  tokenRefused: json(401, said('invalid_token')),
  world: async () => ({
    dist: join(await buildFourthProvider(), 'dist'),
    gateway: { PUNTOS_NORTE_REQUESTS_PER_MINUTE: '10000', PUNTOS_NORTE_POLL_MS: '200' },
  }),
});
