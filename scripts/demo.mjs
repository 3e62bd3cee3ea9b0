import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { receivedBy, registerReceivers } from './demo-webhooks.mjs';

/**
 * `npm run demo`: submits an accrual, a pass and a top-up to the running gateway, and prints the webhooks that the sandbox
 * received and the resulting ledger. Uses the demo app that `npm start` created. GATEWAY_URL, SANDBOX_URL and DATA_DIR name
 * another gateway, sandbox or data folder.
 */
const DATA_DIR = process.env.DATA_DIR ?? '.data';
const CREDENTIALS = join(DATA_DIR, 'credentials.json');

function readCredentials() {
  try {
    return JSON.parse(readFileSync(CREDENTIALS, 'utf8'));
  } catch (error) {
    process.stderr.write(
      `${CREDENTIALS} cannot be read (${error.code ?? error.name}): start the gateway with \`npm start\` first.\n`,
    );
    process.exit(1);
  }
}

const credentials = readCredentials();
const operator = credentials.operator ?? {
  username: process.env.ADMIN_USERNAME ?? '',
  password: process.env.ADMIN_PASSWORD ?? '',
};
const partner = { username: credentials.app?.keyId, password: credentials.app?.secret };
const port = Number(process.env.PORT ?? 3000);
const url = process.env.GATEWAY_URL ?? `http://127.0.0.1:${port}`;
const sandboxUrl = process.env.SANDBOX_URL ?? `http://127.0.0.1:${process.env.SANDBOX_PORT ?? port + 1}`;

async function call(who, method, path, body) {
  const headers = { authorization: `Basic ${Buffer.from(`${who.username}:${who.password}`).toString('base64')}` };
  if (body)
    Object.assign(headers, { 'content-type': 'application/json', 'idempotency-key': randomUUID(), prefer: 'wait=20' });
  const answer = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const parsed = answer.status === 204 ? null : await answer.json();
  if (!answer.ok)
    throw new Error(`${method} ${path} answered ${answer.status}: ${parsed.detail ?? JSON.stringify(parsed)}`);
  return parsed;
}

const run = Date.now().toString(36);
const orders = [
  [
    '/v1/accruals',
    {
      reference: `DEMO-A-${run}`,
      member: { ffn: '01234567890' },
      points: 3000,
      occurredAt: new Date(Date.now() - 60_000).toISOString(),
    },
  ],
  [
    '/v1/passes',
    { reference: `DEMO-P-${run}`, planId: 'LOUNGE-BASIC', holder: { firstName: 'Ana', lastName: 'Souza' } },
  ],
  [
    '/v1/topups',
    {
      reference: `DEMO-T-${run}`,
      phoneNumber: '5537686660',
      productId: 'MOVISTAR_TAE',
      amount: { value: '10.00', currency: 'MXN' },
      allowDuplicate: true,
    },
  ],
];

async function showWebhooks(receivers) {
  if (receivers === null) {
    process.stdout.write(`\nNo sandbox answers at ${sandboxUrl} (SANDBOX_URL), so there are no webhooks to show.\n`);
    return true;
  }
  const received = await receivedBy(receivers, orders.length);
  process.stdout.write(
    '\nThe webhooks, as the receivers of the sandbox got them. `demo-recovers` answered 503 once; the gateway sent that event again.\n',
  );
  console.table(received);
  return received.every(({ verified }) => verified);
}

try {
  const receivers = await registerReceivers(sandboxUrl, (...request) => call(partner, ...request));
  process.stdout.write(`An accrual, a pass and a top-up through ${url} …\n`);
  const done = await Promise.all(orders.map(([path, body]) => call(partner, 'POST', path, body)));
  console.table(
    done.map(({ id, type, status, quantity, provider, providerReference }) => ({
      transaction: id,
      type,
      status,
      quantity: `${quantity.value} ${quantity.unit}`,
      provider,
      providerReference,
    })),
  );
  const isSigned = await showWebhooks(receivers);
  const { data } = await call(operator, 'GET', '/v1/admin/ledger/balances');
  process.stdout.write('\nThe ledger: what apps took and what is owed to the providers; every unit sums to zero.\n');
  console.table(data);
  if (!isSigned || done.some(({ status }) => status !== 'succeeded')) process.exitCode = 1;
} catch (error) {
  const cause =
    error.cause?.code === 'ECONNREFUSED'
      ? `nothing answers at ${url}: start the gateway with \`npm start\``
      : error.message;
  process.stderr.write(`The demo failed: ${cause}\n`);
  process.exit(1);
}
