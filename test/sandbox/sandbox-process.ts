import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/sandbox/main.js', import.meta.url));

/** The value at the path inside a JSON value; undefined when there is none. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((part, name) => new Map(entries(part)).get(String(name)), value);
}

export function keys(value: unknown): string[] {
  return entries(value).map(([name]) => name);
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

/** An answer; status 0 when no answer arrived. */
export interface Seen {
  readonly status: number;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly body: unknown;
}

/** The built, stand-alone sandbox in a process of its own. */
export class SandboxProcess {
  private static readonly running = new Set<SandboxProcess>();

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(environment: Record<string, string> = {}): Promise<SandboxProcess> {
    const env = { ...process.env, SANDBOX_ACCRUAL_DELAY_MS: '20,20', ...environment };
    const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout })) {
      const started = new SandboxProcess(child, String(at(JSON.parse(line), 'sandbox')));
      SandboxProcess.running.add(started);
      return started;
    }
    throw new Error('the sandbox ended without saying where it listens; was it built?');
  }

  /** Ends all sandboxes of a test file, also those of failed tests. */
  static async endAll(): Promise<void> {
    await Promise.all([...SandboxProcess.running].map((sandbox) => sandbox.end('SIGKILL')));
  }

  /** Starts a sandbox that must fail. Returns its exit code and its stderr. */
  static async fail(environment: Record<string, string>): Promise<{ code: unknown; stderr: string }> {
    const child = spawn(process.execPath, [MAIN], { env: { ...process.env, ...environment } });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    const closed: unknown[] = await once(child, 'close');
    return { code: closed[0], stderr };
  }

  async request(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Seen> {
    const signal = AbortSignal.timeout(1000);
    try {
      const sent = body === undefined ? {} : { body };
      const response = await fetch(this.url + path, { method, headers, redirect: 'manual', signal, ...sent });
      const text = await response.text();
      return { status: response.status, text, body: parse(text) };
    } catch (error) {
      return { status: 0, text: String(error), body: undefined };
    }
  }

  send(method: string, path: string, headers: Record<string, string>, body: unknown): Promise<Seen> {
    return this.request(method, path, { 'content-type': 'application/json', ...headers }, JSON.stringify(body));
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Seen> {
    return this.request('GET', path, headers);
  }

  /** The effects of the sandbox with this key. */
  async effects(key: string): Promise<unknown> {
    return at((await this.get(`/_sandbox/effects?key=${encodeURIComponent(key)}`)).body, 'effects');
  }

  async counters(): Promise<unknown> {
    return (await this.get('/_sandbox/effects?key=none')).body;
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<unknown> {
    SandboxProcess.running.delete(this);
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    const event: unknown[] = await exited;
    return event[0];
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
