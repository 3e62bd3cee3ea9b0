import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import type { Pool } from 'pg';
import { newUuid } from '../../src/common/ids.js';
import { readConfig } from '../../src/config/config.js';
import type { OperationPriority, StoredOperation } from '../../src/connector/connector.js';
import { Vault } from '../../src/crypto/gateway-vault.js';
import { Database } from '../../src/database/database.js';
import { ProviderClientFactory } from '../../src/outbound/provider-client.factory.js';
import { ProviderHttp } from '../../src/outbound/provider-http.service.js';
import { Quota } from '../../src/outbound/quota.service.js';
import { TokenCache } from '../../src/outbound/token-cache.service.js';
import { LatamPassClient } from '../../src/providers/latam-pass/client.js';
import { LatcomClient } from '../../src/providers/latcom/client.js';
import { LoyaltyLayerClient } from '../../src/providers/loyalty-layer/client.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

const LIMIT = 30;
const MINUTE_MS = 60_000;
/** Shorter than every deadline of the handlers. */
const DEADLINE_MS = 200;

const CREDENTIALS = [
  ...['LATAM_PASS_CLIENT_ID', 'LATAM_PASS_CLIENT_SECRET', 'LATAM_PASS_PARTNER_ID'],
  ...['LATCOM_CUSTOMER_ID', 'LATCOM_SECRET_KEY', 'LOYALTY_LAYER_CLIENT_ID', 'LOYALTY_LAYER_CLIENT_SECRET'],
];

type Call = (operation: StoredOperation, beforeSend: () => void) => Promise<unknown>;

/** A server that answers logins and never answers other calls. */
let server: Server;
let place: TestDatabase;
let pool: Pool;
let quota: Quota;
let calls: Record<string, Call>;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (!/token|login/.test(request.url ?? '')) return;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ success: true, access_token: 'a', token: 'a', expires_in: 3600 }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  place = await createDatabase();
  pool = openPool(place, 5);
  const database = new Database(pool);
  quota = new Quota(database);
  calls = callsOf(database);
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await pool.end();
  await place.drop();
});

beforeEach(async () => {
  await pool.query('delete from provider_quota_slots');
});

function callsOf(database: Database): Record<string, Call> {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = `http://127.0.0.1:${address.port}`;
  const { config } = readConfig({
    ...Object.fromEntries(CREDENTIALS.map((name) => [name, 'x'])),
    BREAKER_FAILURES: '100000',
    LATAM_PASS_BASE_URL: url,
    LATAM_PASS_REQUESTS_PER_MINUTE: String(LIMIT),
    LATCOM_BASE_URL: url,
    LATCOM_REQUESTS_PER_15_MINUTES: String(LIMIT),
    LOYALTY_LAYER_BASE_URL: url,
    LOYALTY_LAYER_REQUESTS_PER_MINUTE: String(LIMIT),
  });
  const http = new ProviderHttp(new HttpService(axios.create()), config);
  const tools = new ProviderClientFactory(
    config,
    http,
    new TokenCache(database, new Vault(Buffer.alloc(32, 7))),
    quota,
  );
  const latamPass = new LatamPassClient(config.providers['latam-pass'], tools);
  const loyaltyLayer = new LoyaltyLayerClient(config.providers['loyalty-layer'], tools);
  const latcom = new LatcomClient(config.providers.latcom, tools);
  return {
    accrual: (operation, beforeSend) => latamPass.submitAccrual(operation, beforeSend),
    cobranded_start: (operation, beforeSend) => latamPass.startCobranded(operation, 'BANK', beforeSend),
    cobranded_end: (operation, beforeSend) => latamPass.endCobranded(operation, 'BANK', beforeSend),
    pass_create: (operation, beforeSend) => loyaltyLayer.createPass(operation, beforeSend),
    'a batch of pass_create': (operation, beforeSend) => loyaltyLayer.createPasses(operation, beforeSend),
    pass_update: (operation, beforeSend) => loyaltyLayer.updatePass(operation, beforeSend),
    pass_cancel: (operation, beforeSend) => loyaltyLayer.cancelPass(operation, beforeSend),
    topup: (operation, beforeSend) => latcom.purchase(operation, beforeSend),
    'the status query of an accrual': ({ priority }) => latamPass.findAccrual({ correlationId: 'c' }, priority),
  };
}

function operation(type: string, priority: OperationPriority): StoredOperation {
  const ids = { id: newUuid(), appId: newUuid(), correlationId: null, providerReference: null };
  return { ...ids, type, body: '{}', detail: {}, attempt: 1, startedAt: new Date(), priority, deadlineMs: DEADLINE_MS };
}

/** Takes all permits that are available to background work. */
async function useUp(): Promise<void> {
  const rules = [
    { name: 'latam-pass', limit: LIMIT, windowMs: MINUTE_MS },
    { name: 'loyalty-layer:default', limit: LIMIT, windowMs: MINUTE_MS },
    { name: 'latcom', limit: LIMIT, windowMs: 15 * MINUTE_MS },
  ];
  await Promise.all(
    rules.map((rule) => Promise.allSettled(Array.from({ length: LIMIT }, () => quota.take(rule, 'background')))),
  );
}

const EXECUTING = [
  ...['accrual', 'cobranded_start', 'cobranded_end'],
  ...['pass_create', 'a batch of pass_create', 'pass_update', 'pass_cancel', 'topup'],
];

it.each(EXECUTING)('the call of %s ends at the deadline of its operation', async (type) => {
  const startedAt = performance.now();
  let sentAt = startedAt;
  const call = calls[type]?.(operation(type, 'interactive'), () => (sentAt = performance.now()));
  await expect(call).rejects.toMatchObject({ kind: 'doubtful' });
  expect(sentAt).toBeGreaterThan(startedAt);
  expect(performance.now() - sentAt).toBeLessThan(5_000);
});

it.each([...EXECUTING, 'the status query of an accrual'])(
  'the call of %s has the priority of its operation',
  async (type) => {
    // The first call logs in, which costs a permit.
    await calls[type]?.(operation(type, 'interactive'), () => undefined).catch(() => undefined);
    await useUp();
    const call = calls[type]?.(operation(type, 'background'), () => undefined);
    await expect(call).rejects.toMatchObject({ kind: 'not-sent', reason: 'quota_used_up' });
  },
);
