import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorCode } from '../readers/error-code.js';
import { EmbeddedPostgresError, OWN_SERVER_HINT } from './error.js';

/** Users that can run the server when the gateway runs as root, in order of preference. */
const UNPRIVILEGED_USERS = ['postgres', 'nobody'];

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** The operating-system user that runs the server. */
export interface ServerUser {
  readonly name: string;
  /** Options for `spawn`; empty when the gateway's own user runs the server. */
  readonly switchTo: Partial<Ids>;
}

const OURSELVES: ServerUser = { name: 'the current user', switchTo: {} };

/**
 * PostgreSQL refuses to run as root. An existing cluster keeps its owner, so that a start with `sudo` does not lock its
 * owner out. A new cluster gets the user `postgres`, or `nobody` without it.
 *
 * @param existingData the folder of an existing cluster, if any
 */
export async function findServerUser(existingData?: string): Promise<ServerUser> {
  if (process.getuid?.() !== 0) {
    if (existingData !== undefined) await refuseForeignCluster(existingData);
    return OURSELVES;
  }
  if (existingData !== undefined) {
    const { uid } = await stat(existingData);
    const owner = uid === 0 ? undefined : await lookUp(String(uid));
    if (owner !== undefined) return owner;
  }
  for (const name of UNPRIVILEGED_USERS) {
    const user = await lookUp(name);
    if (user !== undefined) return user;
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL does not run as root, and this system has none of the users ${UNPRIVILEGED_USERS.join(', ')}. ` +
      `Start the gateway as a normal user, or add one of them (useradd --system postgres), ${OWN_SERVER_HINT}.`,
  );
}

async function refuseForeignCluster(data: string): Promise<void> {
  const ourUid = process.getuid?.();
  const { uid } = await stat(data);
  if (ourUid === undefined || uid === ourUid) return;
  throw new EmbeddedPostgresError(
    `The database in ${data} belongs to user ${uid}, and the gateway runs as user ${ourUid}. Start it as the user that ` +
      `owns the data, change the owner (chown -R ${ourUid} ${dirname(data)}), set another DATA_DIR, ${OWN_SERVER_HINT}.`,
  );
}

/** A user by name or number; undefined without an entry in the user database, which PostgreSQL requires. */
async function lookUp(nameOrUid: string): Promise<ServerUser | undefined> {
  const [name, uid, gid] = await Promise.all([
    idCommand('-un', nameOrUid),
    idCommand('-u', nameOrUid),
    idCommand('-g', nameOrUid),
  ]);
  if (name === undefined || !isNumber(uid) || !isNumber(gid)) return undefined;
  return { name, switchTo: { uid: Number(uid), gid: Number(gid) } };
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d+$/.test(text);
}

function idCommand(flag: string, who: string): Promise<string | undefined> {
  return new Promise((done) => {
    execFile('id', [flag, who], { encoding: 'utf8' }, (error, stdout) => done(error ? undefined : stdout.trim()));
  });
}

/**
 * The first folder of `path`, including `path` itself, that `user` may not enter by its mode bits; undefined when all
 * can be entered. `path` must be an existing folder.
 */
export async function findBarrier(path: string, user: ServerUser): Promise<string | undefined> {
  const { uid, gid } = user.switchTo;
  if (uid === undefined || gid === undefined) return undefined;
  const folders: string[] = [];
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    folders.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of folders) {
    const { mode, uid: owner, gid: group } = await stat(folder);
    const mayEnter = owner === uid ? mode & 0o100 : group === gid ? mode & 0o010 : mode & 0o001;
    if (mayEnter === 0) return folder;
  }
  return undefined;
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}
