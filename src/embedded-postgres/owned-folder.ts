import { chmod, lstat, mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorCode } from '../readers/error-code.js';
import { EmbeddedPostgresError, OWN_SERVER_HINT } from './error.js';

/**
 * Root's folder for programs and data that the server's user cannot reach in the project folder. It survives a reboot,
 * and only root can create files next to it.
 */
export const SYSTEM_FOLDER = '/var/lib/loyalty-gateway';

const OTHERS_MAY_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * Creates `folder` for root, readable by all, or checks an existing one. Programs run from it, so a folder that another
 * user created or can write to is refused, not repaired.
 */
export async function ensureOwnedFolder(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  try {
    await mkdir(folder, { mode: 0o755 });
    // The umask may have removed the rights that the server's user needs.
    await chmod(folder, 0o755);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  await refuseUnsafeFolder(folder);
}

/** Throws unless `folder` is a real folder of the current user in which no other user can create or replace files. */
export async function refuseUnsafeFolder(folder: string): Promise<void> {
  const ourUid = process.getuid?.() ?? 0;
  const info = await lstat(folder);
  if (!info.isDirectory()) throw unsafe(folder, 'is not a folder');
  if (info.uid !== ourUid) throw unsafe(folder, `belongs to user ${info.uid} instead of ${ourUid}`);
  if ((info.mode & OTHERS_MAY_WRITE) !== 0) throw unsafe(folder, 'can be written to by other users');
  for (let parent = dirname(resolve(folder)); ; parent = dirname(parent)) {
    const { mode, uid } = await lstat(parent);
    if (uid !== 0 && uid !== ourUid) throw unsafe(parent, `belongs to user ${uid}`);
    if ((mode & OTHERS_MAY_WRITE) !== 0 && (mode & STICKY) === 0)
      throw unsafe(parent, 'can be written to by other users');
    if (parent === dirname(parent)) return;
  }
}

function unsafe(folder: string, what: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `${folder} ${what}, so another user could plant programs or data there. Check its contents, then remove it or ` +
      `give it to root (chown root ${folder} && chmod 755 ${folder}), ${OWN_SERVER_HINT}.`,
  );
}
