import { randomBytes } from 'node:crypto';
import { chmod, chown, lchown, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from '../readers/error-code.js';
import { EmbeddedPostgresError, OWN_SERVER_HINT } from './error.js';
import { SYSTEM_FOLDER, ensureOwnedFolder, refuseUnsafeFolder } from './owned-folder.js';
import { exists, findBarrier } from './server-user.js';
import type { ServerUser } from './server-user.js';

/** The database's folder inside the data folder. */
const LOCAL_NAME = 'postgres';
/** A file in the data folder with the path of a database that is stored elsewhere. */
const RECORD_NAME = 'postgres-is-kept-in';
const PASSWORD_BYTES = 24;

/** The folder of one database and the files that belong to it. */
export interface Home {
  readonly folder: string;
  readonly data: string;
  readonly log: string;
  readonly passwordFile: string;
  readonly portFile: string;
}

function homeIn(folder: string): Home {
  return {
    folder,
    data: join(folder, 'data'),
    log: join(folder, 'server.log'),
    passwordFile: join(folder, 'password'),
    portFile: join(folder, 'port'),
  };
}

/** The home of an existing database, in `dataDir` or in the recorded folder; undefined before the first start. */
export async function findHome(dataDir: string): Promise<Home | undefined> {
  const local = homeIn(join(dataDir, LOCAL_NAME));
  if (await exists(local.data)) return local;
  const recorded = await readRecord(join(dataDir, RECORD_NAME));
  if (recorded === undefined) return undefined;
  await refuseBadRecord(join(dataDir, RECORD_NAME), recorded);
  return homeIn(recorded);
}

/** Throws when `user`, who runs the server, can no longer enter an existing home. */
export async function refuseUnreachable(home: Home, user: ServerUser): Promise<void> {
  const barrier = await findBarrier(home.data, user);
  if (barrier === undefined) return;
  throw new EmbeddedPostgresError(
    `The user ${user.name} runs the database in ${home.data}, but may not enter ${barrier}. ` +
      `Allow it (chmod o+x ${barrier}), ${OWN_SERVER_HINT}.`,
  );
}

/**
 * Creates a home that `user` can reach, and lets `fill` create the cluster in it. It gets its final name, or its
 * record, only when it is complete. If two processes do this at once, both use the home that was complete first.
 */
export async function createHome(
  dataDir: string,
  user: ServerUser,
  fill: (home: Home) => Promise<void>,
  log: (line: string) => void,
): Promise<Home> {
  const barrier = await findBarrier(dataDir, user);
  if (barrier === undefined) return createLocalHome(dataDir, user, fill);
  await ensureOwnedFolder(SYSTEM_FOLDER);
  const draft = homeIn(await mkdtemp(join(SYSTEM_FOLDER, 'data-')));
  const record = join(dataDir, RECORD_NAME);
  const isOurs = await completeDraft(draft.folder, async () => {
    await prepare(draft, user);
    await fill(draft);
    await writeFile(record, `${draft.folder}\n`, { flag: 'wx' });
  });
  if (!isOurs) return homeIn((await readRecord(record)) ?? draft.folder);
  log(`the database is stored in ${draft.folder}, because ${user.name}, who runs it, cannot enter ${barrier}`);
  return draft;
}

async function createLocalHome(dataDir: string, user: ServerUser, fill: (home: Home) => Promise<void>): Promise<Home> {
  const draft = homeIn(await mkdtemp(join(dataDir, `.${LOCAL_NAME}-`)));
  const home = homeIn(join(dataDir, LOCAL_NAME));
  await completeDraft(draft.folder, async () => {
    await prepare(draft, user);
    await fill(draft);
    await rename(draft.folder, home.folder);
  });
  return home;
}

/** Runs `work` and removes the draft if it fails; false if another process had already finished the same work. */
async function completeDraft(draft: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    const code = errorCode(error);
    if (code === 'EEXIST' || code === 'ENOTEMPTY') return false;
    throw error;
  }
}

/**
 * The gateway's user keeps the folder; the server's user may only pass through it and owns the files that it writes.
 */
async function prepare(home: Home, user: ServerUser): Promise<void> {
  await mkdir(home.data, { mode: 0o700 });
  await writeFile(home.log, '', { mode: 0o600 });
  await writeFile(home.passwordFile, randomBytes(PASSWORD_BYTES).toString('base64url'), { mode: 0o600 });
  const { uid, gid } = user.switchTo;
  if (uid === undefined || gid === undefined) return;
  await chmod(home.folder, 0o711);
  for (const path of [home.data, home.log, home.passwordFile]) await chown(path, uid, gid);
}

/** Gives a cluster that root owns, e.g. a restored backup, to the user who can run it. */
export async function handOver(home: Home, user: ServerUser): Promise<void> {
  const { uid, gid } = user.switchTo;
  if (uid === undefined || gid === undefined) return;
  const entries = await readdir(home.data, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  for (const path of [home.data, home.log, home.passwordFile, ...paths]) await lchown(path, uid, gid);
}

async function readRecord(record: string): Promise<string | undefined> {
  try {
    return (await readFile(record, 'utf8')).trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Root must follow a record only into the system folder, and an empty database must not replace a missing one. */
async function refuseBadRecord(record: string, recorded: string): Promise<void> {
  if (dirname(resolve(recorded)) !== SYSTEM_FOLDER) {
    throw new EmbeddedPostgresError(
      `${record} names ${recorded}, which is not a folder in ${SYSTEM_FOLDER}. Correct it.`,
    );
  }
  if (!(await exists(homeIn(recorded).data))) {
    throw new EmbeddedPostgresError(
      `${record} names ${recorded}, but the database is not there. Restore that folder, or remove ${record} to begin with ` +
        `an empty database, ${OWN_SERVER_HINT}.`,
    );
  }
  // The system folder was created by root; root must make sure that no other user can write there.
  if (process.getuid?.() === 0) await refuseUnsafeFolder(recorded);
}
