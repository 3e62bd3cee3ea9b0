import { at, request, textAt } from './http.js';
import type { Answer } from './http.js';
import { startProcess, waitFor } from './processes.js';
import type { ManagedProcess } from './processes.js';

const LISTENING_TIMEOUT_MS = 20_000;

/** The paths of the sandbox's control API. */
const CONTROL = {
  effects: '/_sandbox/effects',
  calls: '/_sandbox/calls',
  faults: '/_sandbox/faults',
  reset: '/_sandbox/reset',
};

/** An effect at a provider, or a request that it received. */
export type SandboxRecord = Readonly<Record<string, unknown>>;

/** A fault to add: provider, operation (`*`: all), kind and number of requests. */
export interface FaultOrder {
  readonly provider: string;
  readonly operation: string;
  readonly fault: string;
  readonly times?: number;
  readonly delayMs?: number;
  readonly probability?: number;
  readonly seed?: number;
}

/** The sandbox as a process of its own. */
export interface Sandbox extends ManagedProcess {
  readonly url: string;
  /** The environment variables with which a gateway calls the simulated providers. */
  readonly providerEnv: Readonly<Record<string, string>>;
  /** The operations that the providers really executed, of all providers or of one. */
  effects(provider?: string): Promise<SandboxRecord[]>;
  /** The requests that arrived. */
  calls(provider?: string): Promise<SandboxRecord[]>;
  fault(order: FaultOrder): Promise<void>;
  /** Deletes faults, effects and calls. */
  reset(): Promise<void>;
}

/** Starts `sandbox/main.js` on a free port and waits until it prints its URL. */
export async function startSandbox(env: Readonly<Record<string, string>> = {}, dist?: string): Promise<Sandbox> {
  const child = startProcess(
    'sandbox/main.js',
    { SANDBOX_HOST: '127.0.0.1', SANDBOX_PORT: '0', NODE_ENV: 'test', ...env },
    dist,
  );
  const start = await waitFor(child, 'the sandbox saying where it listens', LISTENING_TIMEOUT_MS, () =>
    findStart(child.output()),
  );
  const url = textAt(start, 'sandbox');
  const list = async (name: 'effects' | 'calls', provider?: string): Promise<SandboxRecord[]> => {
    const query = provider === undefined ? '' : `?provider=${encodeURIComponent(provider)}`;
    return records(at(expectSuccess(await request(url, 'GET', CONTROL[name] + query)).body, name));
  };
  return {
    ...child,
    url,
    providerEnv: readEnv(start),
    effects: (provider) => list('effects', provider),
    calls: (provider) => list('calls', provider),
    fault: async (order) => void expectSuccess(await request(url, 'POST', CONTROL.faults, { body: order })),
    reset: async () => void expectSuccess(await request(url, 'POST', CONTROL.reset)),
  };
}

/** The line with the sandbox's URL and the variables with which a gateway reaches its providers. */
function findStart(output: string): Record<string, unknown> | undefined {
  const line = /^\{"sandbox":.*\}$/m.exec(output)?.[0];
  if (line === undefined) return undefined;
  const start: unknown = JSON.parse(line);
  return isRecord(start) ? start : undefined;
}

function readEnv(start: unknown): Record<string, string> {
  const env = at(start, 'env');
  if (!isRecord(env)) throw new Error('the sandbox does not say how its providers are reached');
  return Object.fromEntries(Object.keys(env).map((name) => [name, textAt(env, name)]));
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
