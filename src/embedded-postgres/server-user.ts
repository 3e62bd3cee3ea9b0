import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { EmbeddedPostgresError, OWN_SERVER_HINT, errorCode } from './error.js';

/** Whom root may become to run the server, best first. */
const UNPRIVILEGED_USERS = ['postgres', 'nobody'];

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** The operating-system user that runs the server. */
export interface ServerUser {
  readonly name: string;
  /** What to hand to `spawn`; empty when the gateway's own user runs the server. */
  readonly switchTo: Partial<Ids>;
}

const OURSELVES: ServerUser = { name: 'the current user', switchTo: {} };

/**
 * PostgreSQL refuses to run as root. An existing cluster keeps its owner, so that a start with `sudo` does not lock
 * its real owner out afterwards; a new one goes to `postgres`, else `nobody`.
 *
 * @param existingData the folder of an existing cluster, if there is one
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
    `PostgreSQL does not run as root, and this system has neither of the users ${UNPRIVILEGED_USERS.join(', ')}. ` +
      `Start the gateway as a normal user, or add one of them (useradd --system postgres), ${OWN_SERVER_HINT}.`,
  );
}

async function refuseForeignCluster(data: string): Promise<void> {
  const ourUid = process.getuid?.();
  const { uid } = await stat(data);
  if (ourUid === undefined || uid === ourUid) return;
  throw new EmbeddedPostgresError(
    `The database in ${data} belongs to user ${uid}, and the gateway runs as user ${ourUid}. Start it as the user that ` +
      `owns the data, or hand the data over (chown -R ${ourUid} ${dirname(data)}), or set another DATA_DIR, ${OWN_SERVER_HINT}.`,
  );
}

/** A user by name or number; undefined without an entry in the user database, which PostgreSQL insists on. */
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
 * The first folder on the way to `path` that `user` may not enter, judged by the mode bits; undefined when the way is
 * open. `path` itself counts, and must be a folder that exists.
 */
export async function findBarrier(path: string, user: ServerUser): Promise<string | undefined> {
  const { uid, gid } = user.switchTo;
  if (uid === undefined || gid === undefined) return undefined;
  const way: string[] = [];
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    way.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of way) {
    const { mode, uid: owner, gid: group } = await stat(folder);
    const mayEnter = owner === uid ? mode & 0o100 : group === gid ? mode & 0o010 : mode & 0o001;
    if (mayEnter === 0) return folder;
  }
  return undefined;
}

/** True when `path` exists. */
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
