import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { at, request, textAt } from './http.js';
import type { Answer } from './http.js';
import { startProcess, waitFor } from './processes.js';
import type { ManagedProcess } from './processes.js';

const LISTENING_TIMEOUT_MS = 20_000;

/** Where the sandbox is controlled, apart from the providers that it plays. */
const CONTROL = {
  effects: '/_sandbox/effects',
  calls: '/_sandbox/calls',
  faults: '/_sandbox/faults',
  reset: '/_sandbox/reset',
};

/** One thing that happened at a provider, or one request that it got. */
export type SandboxRecord = Readonly<Record<string, unknown>>;

/** A fault to order: which provider and operation (`*` is every one), what kind, how often. */
export interface FaultOrder {
  readonly provider: string;
  readonly operation: string;
  readonly fault: string;
  readonly times?: number;
  readonly delayMs?: number;
  readonly probability?: number;
  readonly seed?: number;
}

/** The three simulated providers in a process of their own. */
export interface Sandbox extends ManagedProcess {
  readonly url: string;
  /** What a gateway's environment needs to use them. */
  providerEnv(): Promise<Record<string, string>>;
  /** What really happened at the providers, whatever their callers were told; all of it, or one provider's. */
  effects(provider?: string): Promise<SandboxRecord[]>;
  /** The requests that arrived. */
  calls(provider?: string): Promise<SandboxRecord[]>;
  fault(order: FaultOrder): Promise<void>;
  /** Forgets faults, effects and calls. */
  reset(): Promise<void>;
}

/** Starts `dist/sandbox/main.js` on a free port and waits until it says where it listens. */
export async function startSandbox(env: Readonly<Record<string, string>> = {}): Promise<Sandbox> {
  const child = startProcess('sandbox/main.js', {
    SANDBOX_HOST: '127.0.0.1',
    SANDBOX_PORT: '0',
    NODE_ENV: 'test',
    ...env,
  });
  const url = await waitFor(child, 'the sandbox saying where it listens', LISTENING_TIMEOUT_MS, () =>
    findUrl(child.output()),
  );
  const list = async (name: 'effects' | 'calls', provider?: string): Promise<SandboxRecord[]> => {
    const query = provider === undefined ? '' : `?provider=${encodeURIComponent(provider)}`;
    return records(at(expectSuccess(await request(url, 'GET', CONTROL[name] + query)).body, name));
  };
  return {
    ...child,
    url,
    providerEnv: () => providerEnv(url),
    effects: (provider) => list('effects', provider),
    calls: (provider) => list('calls', provider),
    fault: async (order) => void expectSuccess(await request(url, 'POST', CONTROL.faults, { body: order })),
    reset: async () => void expectSuccess(await request(url, 'POST', CONTROL.reset)),
  };
}

function findUrl(output: string): string | undefined {
  return /^\{"sandbox":"(http:[^"]+)"/m.exec(output)?.[1];
}

async function providerEnv(url: string): Promise<Record<string, string>> {
  return {
    LATAM_PASS_BASE_URL: `${url}/latam-pass`,
    LATAM_PASS_ENVIRONMENT: 'sandbox',
    LOYALTY_LAYER_BASE_URL: `${url}/loyalty-layer`,
    LATCOM_BASE_URL: `${url}/latcom/api/distributor`,
    ...(await credentialsEnv()),
  };
}

/** The sandbox's own demonstration credentials, taken from the build, in the gateway's variables. */
async function credentialsEnv(): Promise<Record<string, string>> {
  const file = join(import.meta.dirname, '..', '..', 'dist', 'sandbox', 'credentials.js');
  const demo: unknown = await import(pathToFileURL(file).href);
  return {
    LATAM_PASS_CLIENT_ID: textAt(demo, 'LATAM_PASS_DEMO', 'clientId'),
    LATAM_PASS_CLIENT_SECRET: textAt(demo, 'LATAM_PASS_DEMO', 'clientSecret'),
    LATAM_PASS_PARTNER_ID: textAt(demo, 'LATAM_PASS_DEMO', 'partnerId'),
    LATAM_PASS_PRODUCT_ID: textAt(demo, 'LATAM_PASS_DEMO', 'productId'),
    LATAM_PASS_ISSUE_BANK: textAt(demo, 'LATAM_PASS_DEMO', 'issueBank'),
    LOYALTY_LAYER_CLIENT_ID: textAt(demo, 'LOYALTY_LAYER_DEMO', 'clientId'),
    LOYALTY_LAYER_CLIENT_SECRET: textAt(demo, 'LOYALTY_LAYER_DEMO', 'clientSecret'),
    LATCOM_CUSTOMER_ID: textAt(demo, 'LATCOM_DEMO', 'customerId'),
    LATCOM_SECRET_KEY: textAt(demo, 'LATCOM_DEMO', 'secretKey'),
  };
}

function expectSuccess(answer: Answer): Answer {
  if (answer.status < 300) return answer;
  throw new Error(`the sandbox answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}

function records(list: unknown): SandboxRecord[] {
  if (!Array.isArray(list) || !list.every(isRecord)) throw new Error(`not a list of records: ${JSON.stringify(list)}`);
  return list;
}

function isRecord(value: unknown): value is SandboxRecord {
  return typeof value === 'object' && value !== null;
}
