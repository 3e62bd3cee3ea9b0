import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findBinaries } from './binaries.js';
import { countSessions, ensureApplication, ensureDatabase, urlsOf } from './client.js';
import { EmbeddedPostgresError, OWN_SERVER_HINT, errorMessage } from './error.js';
import { createHome, findHome, handOver, refuseUnreachable } from './home.js';
import type { Home } from './home.js';
import { initialiseCluster, startServer, stopServer } from './server.js';
import type { Cluster } from './server.js';
import { findServerUser } from './server-user.js';

export { EmbeddedPostgresError } from './error.js';

const DATABASE = 'loyalty_gateway';
/** Sessions of a pool that was just closed may take a moment to disappear. */
const SESSIONS_GRACE_MS = 1_000;
const SESSIONS_PAUSE_MS = 25;

/** What to start. */
export interface EmbeddedPostgresOptions {
  /** The gateway's data folder; created when absent. The database goes into its folder `postgres` whenever it can. */
  readonly dataDir: string;
  /** More server settings, each `name=value`. With `fsync=off` the cluster is made without fsync too: for tests. */
  readonly flags?: readonly string[];
  /** Told, a line at a time and without secrets, what is started and where the data is. */
  readonly log?: (line: string) => void;
}

/** A running embedded PostgreSQL. */
export interface EmbeddedPostgres {
  /** `postgres://gateway:…@127.0.0.1:<port>/loyalty_gateway`; `gateway` may do what it is granted. */
  readonly url: string;
  /** The same as `app`, who owns the database and may do anything in this private cluster. */
  readonly migrationUrl: string;
  /** The folder in which the database really is, which need not be inside the one that was asked for. */
  readonly dataDir: string;
  /**
   * Stops the server, once the gateway has closed its connections. While others are connected, as a second gateway on
   * the same folder is, it is left running for them, unless `evenIfInUse`.
   */
  stop(options?: { readonly evenIfInUse?: boolean }): Promise<void>;
}

/**
 * Starts the PostgreSQL that comes with the dependencies, or adopts the one that already runs on `dataDir`. It listens
 * on 127.0.0.1 alone, survives a crash and a Ctrl-C of the gateway, and is used again by the next start.
 *
 * @throws EmbeddedPostgresError with what is wrong, where, and what to do
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
  const fill = (home: Home): Promise<void> => initialiseCluster(home, user, binaries, flags);
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
    log(`PostgreSQL on 127.0.0.1:${port} is left running: ${sessions} other session(s) use it`);
    return;
  }
  await stopServer(cluster);
  log(`PostgreSQL on 127.0.0.1:${port} stopped`);
}

/** Sessions of others that stay open for longer than a closing pool needs; none when the server no longer answers. */
async function remainingSessions(cluster: Cluster, port: number): Promise<number> {
  const deadline = Date.now() + SESSIONS_GRACE_MS;
  for (;;) {
    const sessions = await countSessions(port, cluster.password).catch(() => 0);
    if (sessions === 0 || Date.now() > deadline) return sessions;
    await sleep(SESSIONS_PAUSE_MS);
  }
}
