import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STOP_TIMEOUT_MS = 15_000;
const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');

/** The end of a process. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program of the built application, run as a child with its output captured. */
export interface ManagedProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** The exit; undefined while the process runs. */
  exit(): Exit | undefined;
  /** The output so far, of stdout and stderr. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  /** Sends SIGTERM and waits for the end. Rejects when the process does not end within 15 s. */
  stop(): Promise<Exit>;
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<Exit>;
}

const running = new Set<ManagedProcess>();

// Stops in reverse order: a gateway is stopped before the sandbox that it calls.
afterAll(async () => {
  for (const child of [...running].reverse()) await child.stop();
});
process.on('exit', () => {
  for (const child of running) child.signal('SIGKILL');
});

/**
 * Runs `script`, a path inside `dist`, with exactly this environment (and the PATH and HOME of the tests).
 */
export function startProcess(
  script: string,
  env: Readonly<Record<string, string>>,
  dist = join(PROJECT_FOLDER, 'dist'),
): ManagedProcess {
  const file = join(dist, script);
  if (!existsSync(file)) throw new Error(`${file} does not exist: run \`npm run build\` first`);
  const child = spawn(process.execPath, [file], {
    cwd: dirname(dist),
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const managed = manage(child, script.replaceAll('/', '-').replace(/\.js$/, ''));
  running.add(managed);
  void managed.exited.then(() => running.delete(managed));
  return managed;
}

function manage(child: ChildProcess, name: string): ManagedProcess {
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} could not be started`);
  const chunks: string[] = [];
  const collect = (chunk: Buffer): void => {
    chunks.push(chunk.toString('utf8'));
    const folder = process.env['TEST_LOG_DIR'];
    if (folder !== undefined) appendFileSync(join(folder, `${name}-${pid}.log`), chunk);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  let exit: Exit | undefined;
  // 'close' instead of 'exit', because all output has arrived then.
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve((exit = { code, signal })));
  });
  const end = (signal: NodeJS.Signals): Promise<Exit> => {
    if (exit === undefined) child.kill(signal);
    return exited;
  };
  return {
    pid,
    exited,
    exit: () => exit,
    output: () => chunks.join(''),
    signal: (signal) => void child.kill(signal),
    kill: () => end('SIGKILL'),
    stop: async () => {
      const ended = await withTimeout(end('SIGTERM'), STOP_TIMEOUT_MS);
      if (ended !== undefined) return ended;
      await end('SIGKILL');
      throw new Error(`${name} did not end within ${STOP_TIMEOUT_MS} ms of SIGTERM:\n${chunks.join('')}`);
    },
  };
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([work, sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
  } finally {
    timer.abort();
  }
}

/**
 * Waits until `probe` returns a value. Rejects with the output when the process ends first, or after the time limit.
 */
export async function waitFor<T>(
  child: ManagedProcess,
  what: string,
  timeoutMs: number,
  probe: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    const exit = child.exit();
    if (exit !== undefined) {
      throw new Error(`the process ended (${exit.signal ?? `code ${exit.code}`}) before ${what}:\n${child.output()}`);
    }
    if (Date.now() > deadline) {
      await child.kill();
      throw new Error(`no ${what} within ${timeoutMs} ms:\n${child.output()}`);
    }
    await sleep(25);
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('no free port'));
      });
    });
  });
}
