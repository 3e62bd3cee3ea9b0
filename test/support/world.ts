import { createDatabase, type TestDatabase } from './database.js';
import { ADMIN, startGateway, type Gateway } from './gateway.js';
import type { FaultyProxy } from './faulty-proxy.js';
import { textAt, type Answer, type Credentials } from './http.js';
import { unique } from './ids.js';
import { scopes } from './openapi.js';
import { freePort } from './processes.js';
import { startSandbox, type Sandbox } from './sandbox.js';

const NOTIFIER: Credentials = { username: 'latam-pass', password: 'notification-password-of-the-tests' };

/** A gateway between a partner app and the simulated providers, with a database of its own. */
export interface World {
  readonly sandbox: Sandbox;
  readonly database: TestDatabase;
  /** The running gateway; another one after `crash`. */
  gateway(): Gateway;
  /** The environment that the gateway was started with. */
  readonly env: Readonly<Record<string, string>>;
  readonly partner: Credentials;
  readonly notifier: Credentials;
  /** Sends a request as the partner app, with a new idempotency key unless one is given. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  admin(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Kills the gateway with SIGKILL and starts it again on the same port. */
  crash(): Promise<void>;
  createApp(changes?: object): Promise<Credentials>;
}

export interface WorldOptions {
  readonly sandbox?: Readonly<Record<string, string>>;
  readonly gateway?: Readonly<Record<string, string>>;
  /** A proxy between the gateway and the sandbox; default: none. */
  readonly between?: FaultyProxy;
  /** The built application; default: that of the project. */
  readonly dist?: string;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const port = await freePort();
  const [database, sandbox] = await Promise.all([
    createDatabase(),
    startSandbox(
      {
        SANDBOX_NOTIFICATION_URL: `http://127.0.0.1:${port}/v1/providers/latam-pass/notifications`,
        SANDBOX_NOTIFICATION_USERNAME: NOTIFIER.username,
        SANDBOX_NOTIFICATION_PASSWORD: NOTIFIER.password,
        SANDBOX_ACCRUAL_DELAY_MS: '50,150',
        ...options.sandbox,
      },
      options.dist,
    ),
  ]);
  const env = {
    ...(options.between ? reachThrough(options.between, sandbox) : sandbox.providerEnv),
    LATAM_PASS_NOTIFICATION_USERNAME: NOTIFIER.username,
    LATAM_PASS_NOTIFICATION_PASSWORD: NOTIFIER.password,
    LOYALTY_LAYER_REQUESTS_PER_MINUTE: '100',
    ...options.gateway,
  };
  const dist = options.dist === undefined ? {} : { dist: options.dist };
  const start = (): Promise<Gateway> => startGateway({ databaseUrl: database.url, port, env, ...dist });
  let gateway = await start();
  const admin: World['admin'] = (method, path, body) => gateway.request(method, path, { auth: ADMIN, body });
  const { body: document } = await gateway.request('GET', '/openapi.json');
  const createApp = async (changes: object = {}): Promise<Credentials> => {
    const app = await admin('POST', '/v1/admin/apps', { name: unique('app'), scopes: scopes(document), ...changes });
    const key = await admin('POST', `/v1/admin/apps/${textAt(app.body, 'id')}/keys`, {});
    return { username: textAt(key.body, 'keyId'), password: textAt(key.body, 'secret') };
  };
  const partner = await createApp();
  return {
    sandbox,
    database,
    gateway: () => gateway,
    env,
    partner,
    notifier: NOTIFIER,
    call: (method, path, body, headers = {}) =>
      gateway.request(method, path, {
        auth: partner,
        body,
        headers: { ...(method === 'GET' ? {} : { 'idempotency-key': unique('key') }), ...headers },
      }),
    admin,
    crash: async () => {
      await gateway.kill();
      gateway = await start();
    },
    createApp,
  };
}

function reachThrough(proxy: FaultyProxy, sandbox: Sandbox): Record<string, string> {
  proxy.target = sandbox.url;
  const entries = Object.entries(sandbox.providerEnv);
  return Object.fromEntries(entries.map(([name, value]) => [name, value.replace(sandbox.url, proxy.url)]));
}

export function accrual(changes: object = {}): Record<string, unknown> {
  return {
    reference: unique('accrual'),
    member: { ffn: '01234567890' },
    points: 3000,
    occurredAt: '2026-01-20T14:10:36.177-03:00',
    ...changes,
  };
}

export function pass(changes: object = {}): Record<string, unknown> {
  return {
    reference: unique('pass'),
    planId: 'LOUNGE-BASIC',
    holder: { firstName: 'Ana', lastName: 'Souza', email: `${unique('ana')}@example.com` },
    ...changes,
  };
}

export function topup(changes: object = {}): Record<string, unknown> {
  return {
    reference: unique('topup'),
    phoneNumber: '5537686660',
    productId: 'MOVISTAR_TAE',
    amount: { value: '10.00', currency: 'MXN' },
    allowDuplicate: true,
    ...changes,
  };
}
