import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from './http.js';
import type { Answer, Credentials, RequestOptions } from './http.js';
import { freePort, startProcess, waitFor } from './processes.js';
import type { ManagedProcess } from './processes.js';

const READY_TIMEOUT_MS = 20_000;
/** Another process may take a free port before the gateway listens on it. */
const PORT_ATTEMPTS = 3;

/** The first administrator of every gateway under test. */
export const ADMIN: Credentials = { username: 'admin', password: 'admin-password-of-the-tests' };

/** 32 bytes, the same in every test, so that a second gateway can read what the first one sealed. */
export const ENCRYPTION_KEY = Buffer.alloc(32, 'gateway-under-test').toString('base64');

/** Options for starting a gateway. */
export interface GatewayOptions {
  readonly databaseUrl: string;
  /** Environment variables that are added to the defaults or override them. */
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: number;
  /** The built application; default: that of the project. */
  readonly dist?: string;
}

/** The built application in a process of its own, ready to serve. */
export interface Gateway extends ManagedProcess {
  readonly url: string;
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
}

/** Starts `main.js` and waits until it is ready. Rejects with its output when it ends before that, or after 20 s. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOn(options.port ?? (await freePort()), options);
    } catch (error) {
      const isPortTaken = error instanceof Error && error.message.includes('EADDRINUSE');
      if (!isPortTaken || options.port !== undefined || attempt >= PORT_ATTEMPTS) throw error;
    }
  }
}

async function startOn(port: number, options: GatewayOptions): Promise<Gateway> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gateway-data-'));
  const env = {
    HOST: '127.0.0.1',
    PORT: String(port),
    NODE_ENV: 'test',
    LOG_LEVEL: 'info',
    ENCRYPTION_KEY,
    ADMIN_USERNAME: ADMIN.username,
    ADMIN_PASSWORD: ADMIN.password,
    DATA_DIR: dataDir,
    DATABASE_URL: options.databaseUrl,
    ...options.env,
  };
  const child = startProcess('main.js', env, options.dist);
  void child.exited.then(() => rmSync(dataDir, { recursive: true, force: true }));
  const url = `http://127.0.0.1:${port}`;
  const ask = (method: string, path: string, more?: RequestOptions): Promise<Answer> =>
    request(url, method, path, more);
  await waitFor(child, 'GET /health/ready 200', READY_TIMEOUT_MS, async () => {
    const answer = await ask('GET', '/health/ready').catch(() => undefined);
    return answer?.status === 200 ? answer : undefined;
  });
  return { ...child, url, request: ask };
}
