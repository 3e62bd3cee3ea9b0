import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findBinaries } from './binaries.js';
import { countSessions, ensureApplication, ensureDatabase, urlsOf } from './client.js';
import { EmbeddedPostgresError, OWN_SERVER_HINT, errorMessage } from './error.js';
import { createHome, findHome, handOver, refuseUnreachable } from './home.js';
import type { Home } from './home.js';
import { initializeCluster, startServer, stopServer } from './server.js';
import type { Cluster } from './server.js';
import { findServerUser } from './server-user.js';

export { EmbeddedPostgresError } from './error.js';

const DATABASE = 'loyalty_gateway';
/** The sessions of a closed pool may take a moment to disappear. */
const SESSIONS_GRACE_MS = 1_000;
const SESSIONS_PAUSE_MS = 25;

export interface EmbeddedPostgresOptions {
  /**
   * The gateway's data folder; created if absent. The database is in its subfolder `postgres` if the server can reach
   * it.
   */
  readonly dataDir: string;
  /** More server settings, each `name=value`. With `fsync=off`, for tests, initdb runs without fsync too. */
  readonly flags?: readonly string[];
  /** Receives lines without secrets, one at a time: the started server and the folder of its data. */
  readonly log?: (line: string) => void;
}

/** A running embedded PostgreSQL. */
export interface EmbeddedPostgres {
  /** `postgres://gateway:…@127.0.0.1:<port>/loyalty_gateway`. The role `gateway` has only the granted rights. */
  readonly url: string;
  /** The same URL for the role `app`, which owns the database and is the superuser of this private cluster. */
  readonly migrationUrl: string;
  /** The folder of the database. It may be outside the requested data folder. */
  readonly dataDir: string;
  /**
   * Stops the server after the gateway has closed its connections. It keeps running while other sessions are open, e.g.
   * of a second gateway on the same folder, unless `evenIfInUse` is true.
   */
  stop(options?: { readonly evenIfInUse?: boolean }): Promise<void>;
}

/**
 * Starts the PostgreSQL that comes with the dependencies, or adopts the server that already runs on `dataDir`. It
 * listens on 127.0.0.1 only. It survives a crash or Ctrl-C of the gateway, and the next start uses it again.
 *
 * @throws EmbeddedPostgresError whose message names the problem, its place and the remedy
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { flags = [], log = () => undefined } = options;
  const dataDir = resolve(options.dataDir);
  try {
    await mkdir(dataDir, { recursive: true });
    const cluster = await prepareCluster(await realpath(dataDir), flags, log);
    const { port, isAdopted } = await startServer(cluster, flags);
    await ensureDatabase(port, cluster.password, DATABASE);
    await ensureApplication(port, cluster.password);
    log(`PostgreSQL ${isAdopted ? 'already ran' : 'started'} on 127.0.0.1:${port}, data in ${cluster.home.data}`);
    return {
      ...urlsOf(port, cluster.password, DATABASE),
      dataDir: cluster.home.folder,
      stop: (how) => stop(cluster, port, how?.evenIfInUse ?? false, log),
    };
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error;
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL cannot be set up in ${dataDir}: ${errorMessage(error)}. Check the folder, its owner and the free ` +
        `space, or choose another with DATA_DIR, ${OWN_SERVER_HINT}.`,
      { cause: error },
    );
  }
}

async function prepareCluster(
  dataDir: string,
  flags: readonly string[],
  log: (line: string) => void,
): Promise<Cluster> {
  const existing = await findHome(dataDir);
  const user = await findServerUser(existing?.data);
  const binaries = await findBinaries(user, dataDir, log);
  const fill = (home: Home): Promise<void> => initializeCluster(home, user, binaries, flags);
  const home = existing ?? (await createHome(dataDir, user, fill, log));
  if (existing !== undefined) {
    if ((await stat(home.data)).uid === 0) await handOver(home, user);
    await refuseUnreachable(home, user);
  }
  return { home, user, binaries, password: (await readFile(home.passwordFile, 'utf8')).trim() };
}

async function stop(cluster: Cluster, port: number, evenIfInUse: boolean, log: (line: string) => void): Promise<void> {
  const sessions = evenIfInUse ? 0 : await remainingSessions(cluster, port);
  if (sessions > 0) {
    log(`PostgreSQL on 127.0.0.1:${port} keeps running: ${sessions} other session(s) use it`);
    return;
  }
  await stopServer(cluster);
  log(`PostgreSQL on 127.0.0.1:${port} stopped`);
}

/** The number of other sessions that are still open after the grace period; 0 when the server does not respond. */
async function remainingSessions(cluster: Cluster, port: number): Promise<number> {
  const deadline = Date.now() + SESSIONS_GRACE_MS;
  for (;;) {
    const sessions = await countSessions(port, cluster.password).catch(() => 0);
    if (sessions === 0 || Date.now() > deadline) return sessions;
    await sleep(SESSIONS_PAUSE_MS);
  }
}
