import { readFile, realpath, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.js';
import { queryServer, OWNER } from './client.js';
import { runCommand } from './command.js';
import type { CommandResult } from './command.js';
import { errorCode } from '../readers/error-code.js';
import { EmbeddedPostgresError, OWN_SERVER_HINT } from './error.js';
import type { Home } from './home.js';
import { choosePort, rememberPort } from './port.js';
import type { ServerUser } from './server-user.js';
import { exists } from './server-user.js';
import { serverOptions } from './settings.js';

/** Crash recovery replays at most `max_wal_size`. This is ten times the measured duration. */
const START_TIMEOUT_SECONDS = 120;
const STOP_TIMEOUT_SECONDS = 60;
/** A killed server may block its successor for this long, as a zombie or through sessions that have not ended yet. */
const BLOCKED_TIMEOUT_MS = 15_000;
const RETRY_PAUSE_MS = 100;
const LOG_TAIL_CHARACTERS = 1_500;
const MOVED_TO_ANOTHER_PORT = /could not bind|could not create any TCP\/IP sockets/;
const BLOCKED_BY_PREDECESSOR = /lock file ".*" already exists|pre-existing shared memory block/;

/** One cluster and everything needed to run it. */
export interface Cluster {
  readonly home: Home;
  readonly user: ServerUser;
  readonly binaries: Binaries;
  readonly password: string;
}

/** `isAdopted`: the server was already running. */
export interface RunningServer {
  readonly port: number;
  readonly isAdopted: boolean;
}

/**
 * Creates the cluster in the empty `home.data`: UTF-8 sorted by code point in any system locale, password always
 * required.
 */
export async function initializeCluster(
  home: Home,
  user: ServerUser,
  binaries: Binaries,
  settings: readonly string[],
): Promise<void> {
  const args = ['-D', home.data, '-U', OWNER, `--pwfile=${home.passwordFile}`, '--auth=scram-sha-256'];
  args.push('-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions');
  if (settings.includes('fsync=off')) args.push('--no-sync');
  const result = await runCommand(binaries.program('initdb'), args, user);
  if (result.exitCode !== 0) throw await failed('initdb', home.data, result, binaries);
}

/** Adopts the server that runs on the cluster, or starts a server. Waits until a crashed predecessor is gone. */
export async function startServer(cluster: Cluster, settings: readonly string[]): Promise<RunningServer> {
  const blockedUntil = Date.now() + BLOCKED_TIMEOUT_MS;
  const startingUntil = Date.now() + START_TIMEOUT_SECONDS * 1_000;
  for (;;) {
    const running = await findRunning(cluster);
    if (typeof running === 'number') return { port: running, isAdopted: true };
    if (running === 'starting' && Date.now() < startingUntil) {
      await sleep(RETRY_PAUSE_MS);
      continue;
    }
    const attempt = await tryStart(cluster, settings);
    if (typeof attempt === 'number') return { port: attempt, isAdopted: false };
    const canRetry = BLOCKED_BY_PREDECESSOR.test(attempt.output) || MOVED_TO_ANOTHER_PORT.test(attempt.output);
    if (!canRetry || Date.now() > blockedUntil) {
      throw await failed('pg_ctl start', cluster.home.data, attempt, cluster.binaries);
    }
    await sleep(RETRY_PAUSE_MS);
  }
}

/** Stops the server: open sessions are closed, committed work is kept. */
export async function stopServer(cluster: Cluster): Promise<void> {
  const args = ['stop', '-m', 'fast', '-w', '-t', String(STOP_TIMEOUT_SECONDS), '-D', cluster.home.data];
  const result = await runCommand(cluster.binaries.program('pg_ctl'), args, cluster.user);
  // Another process may have stopped it meanwhile.
  if (result.exitCode === 0 || !(await exists(pidFile(cluster.home)))) return;
  throw await failed('pg_ctl stop', cluster.home.data, result, cluster.binaries);
}

/** The port of a running server on this folder, `starting` during its recovery, undefined without a server. */
async function findRunning(cluster: Cluster): Promise<number | 'starting' | undefined> {
  const port = await recordedPort(cluster.home);
  if (port === undefined) return undefined;
  // The file survives a crash, and its process id may belong to another process by now: only a response is proof.
  const answer = await queryServer(port, cluster.password);
  if (answer.kind === 'starting') return 'starting';
  if (answer.kind !== 'ready') return undefined;
  return answer.dataDirectory === (await realpath(cluster.home.data)) ? port : undefined;
}

function pidFile(home: Home): string {
  return `${home.data}/postmaster.pid`;
}

/** The fourth line of postmaster.pid; undefined without the file, or before the server has written that line. */
async function recordedPort(home: Home): Promise<number | undefined> {
  try {
    const port = Number((await readFile(pidFile(home), 'utf8')).split('\n')[3]);
    return Number.isInteger(port) && port > 0 ? port : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Starts the server once. Returns the port, or the output of pg_ctl and the server if it failed. */
async function tryStart(cluster: Cluster, settings: readonly string[]): Promise<number | CommandResult> {
  const { home, binaries, user } = cluster;
  const port = await choosePort(home.portFile);
  const logStart = (await stat(home.log)).size;
  const args = ['start', '-w', '-t', String(START_TIMEOUT_SECONDS), '-D', home.data, '-l', home.log];
  const result = await runCommand(binaries.program('pg_ctl'), [...args, '-o', serverOptions(port, settings)], user);
  if (result.exitCode === 0) {
    await rememberPort(home.portFile, port);
    return port;
  }
  const logged = (await readFile(home.log)).subarray(logStart).toString('utf8');
  return { ...result, output: `${result.output}\n${logged}` };
}

async function failed(
  step: string,
  where: string,
  result: CommandResult,
  binaries: Binaries,
): Promise<EmbeddedPostgresError> {
  const said = result.output.trim().slice(-LOG_TAIL_CHARACTERS);
  const advice = await adviceFor(result, binaries);
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL in ${where}: ${step} failed. ${advice}, ${OWN_SERVER_HINT}.\n${said}`,
  );
}

async function adviceFor(result: CommandResult, binaries: Binaries): Promise<string> {
  if (result.failure === 'ENOENT' && (await exists(binaries.program('pg_ctl')))) {
    return 'Its programs need the GNU C library, which Alpine and other musl systems lack. Use a Debian-based system';
  }
  if (result.failure === 'EPERM')
    return 'This root user may not switch to another user (CAP_SETUID, CAP_SETGID). Start as a normal user';
  if (result.failure !== undefined)
    return `Its programs in ${binaries.folder} cannot be run (${result.failure}). Check the folder and its mount options`;
  if (BLOCKED_BY_PREDECESSOR.test(result.output)) {
    return 'The process that postmaster.pid names is still running. Never delete the file while PostgreSQL runs. If the process is not PostgreSQL, end it';
  }
  return 'Correct the problem reported below and start again';
}
