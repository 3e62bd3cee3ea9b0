import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const DIST = join(import.meta.dirname, '..', '..', 'dist');
const READY_TIMEOUT_MS = 60_000;

export const ADMIN = { username: 'admin', password: 'admin-password-of-the-faults' };

export function basic({ username, password }) {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Runs a script of the built application; its output goes to `log`. */
function run(script, env, log) {
  const child = spawn(process.execPath, [join(DIST, script)], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.stderr.pipe(log, { end: false });
  return {
    child,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/**
 * Starts the sandbox as a process of its own. Resolves when it prints its URL. `env` of the result contains the
 * variables with which a gateway reaches its providers.
 */
export async function startSandbox(env, folder) {
  const log = createWriteStream(join(folder, 'sandbox.log'));
  const program = run(
    'sandbox/main.js',
    { SANDBOX_HOST: '127.0.0.1', SANDBOX_PORT: '0', NODE_ENV: 'test', ...env },
    log,
  );
  const { sandbox: url, env: reach } = await new Promise((resolve, reject) => {
    let text = '';
    program.child.stdout.on('data', (chunk) => {
      log.write(chunk);
      text += chunk;
      const started = /^\{"sandbox":.*\}$/m.exec(text)?.[0];
      if (started) resolve(JSON.parse(started));
    });
    program.child.once('close', () => reject(new Error(`the sandbox ended:\n${text}`)));
  });
  const ask = async (method, path, body) => {
    const response = await fetch(`${url}/_sandbox${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`the sandbox answered ${response.status} to ${path}: ${await response.text()}`);
    return response.json();
  };
  return { url, env: reach, ask, kill: program.kill };
}

/** A gateway that can be killed and started again on the same port and database. */
export class GatewayUnderFire {
  kills = 0;
  #program;
  #log;

  constructor(port, env, folder) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.env = { ...env, HOST: '127.0.0.1', PORT: String(port), DATA_DIR: join(folder, 'data') };
    this.#log = createWriteStream(join(folder, 'gateway.log'));
  }

  async start() {
    this.#program = run('main.js', this.env, this.#log);
    this.#program.child.stdout.pipe(this.#log, { end: false });
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (Date.now() < deadline) {
      const ready = await fetch(`${this.url}/health/ready`).catch(() => null);
      await ready?.body?.cancel();
      if (ready?.ok) return;
      if (this.#program.child.exitCode !== null) throw new Error('the gateway ended while starting: see gateway.log');
      await sleep(100);
    }
    throw new Error('the gateway does not get ready: see gateway.log');
  }

  /** Kills the process with SIGKILL and starts a new one at once. */
  async crash() {
    await this.stop();
    this.kills += 1;
    await this.start();
  }

  async stop() {
    await this.#program?.kill();
  }
}
