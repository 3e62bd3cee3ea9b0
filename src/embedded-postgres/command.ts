import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerUser } from './server-user.js';

/** Time for the last output to arrive after the command has exited. */
const OUTPUT_GRACE_MS = 200;
const OUTPUT_MAX_CHARACTERS = 20_000;

/** The result of a command. `failure` is the system error code when the command could not be started. */
export interface CommandResult {
  readonly exitCode: number | null;
  readonly output: string;
  readonly failure?: string;
}

/**
 * Runs one PostgreSQL program as `user` and waits until it exits. The program gets its own session, so that Ctrl-C in a
 * terminal reaches only the gateway. It gets almost no environment: no PG… variable may redirect it, and the gateway's
 * secrets must not appear in the environment of another user's process.
 */
export function runCommand(program: string, args: readonly string[], user: ServerUser): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(program, [...args], {
      cwd: process.platform === 'win32' ? undefined : '/',
      env: environment(),
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...user.switchTo,
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      if (output.length < OUTPUT_MAX_CHARACTERS) output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const closed = new Promise<void>((done) => child.once('close', () => done()));
    child.once('error', (error: NodeJS.ErrnoException) => {
      resolve({ exitCode: null, output: error.message, failure: error.code ?? 'unknown' });
    });
    // Not 'close': on Windows the server inherits the pipes of the command that starts it and keeps them open.
    child.once('exit', (exitCode) => {
      void Promise.race([closed, sleep(OUTPUT_GRACE_MS, undefined, { ref: false })]).then(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ exitCode, output });
      });
    });
  });
}

function environment(): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = { LC_ALL: 'C' };
  for (const name of ['PATH', 'SystemRoot', 'TEMP', 'TMP']) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
