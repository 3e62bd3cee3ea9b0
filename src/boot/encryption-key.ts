import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ConfigError, type Config } from '../config/config.js';
import type { Database } from '../database/database.js';
import { isFilled, type FoundKey } from './key-check.js';
import { readPrivateFile, writePrivateFile } from './private-file.js';

const KEY_BYTES = 32;
const FILE = 'encryption.key';
const VARIABLE = 'ENCRYPTION_KEY';
/** Key of the advisory lock that lets one of several instances make the key. */
const KEY_LOCK = 4_217_002;

/**
 * The configured key; for an embedded database also the one that was generated beside it, or a new one while the database
 * holds nothing.
 * @throws ConfigError when there is no key, or two
 */
export async function findEncryptionKey(config: Config, database: Database): Promise<FoundKey> {
  const { encryptionKey: configured, dataDir } = config;
  if (config.databaseUrl !== null) return known(configured, VARIABLE);
  const file = join(dataDir, FILE);
  const stored = await readKey(file);
  if (configured && stored && !configured.equals(stored)) {
    throw new ConfigError([
      `${VARIABLE} is not the key in ${file}, with which this database was filled. Unset ${VARIABLE}, or choose another ` +
        'DATA_DIR for a new database',
    ]);
  }
  if (configured) return known(configured, VARIABLE);
  return known(stored ?? (await makeKey(database, dataDir, file)), file);
}

function known(key: Buffer | null, origin: string): FoundKey {
  if (key) return { key, origin };
  throw new ConfigError([`${VARIABLE} is not set`]);
}

/** Written before anything is encrypted with it. */
function makeKey(database: Database, dataDir: string, file: string): Promise<Buffer> {
  return database.transaction(async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [KEY_LOCK]);
    const others = await readKey(file);
    if (others) return others;
    if (await isFilled(database)) throw missingFile(dataDir, file);
    const key = randomBytes(KEY_BYTES);
    await writePrivateFile(file, `${key.toString('base64')}\n`);
    return key;
  });
}

function missingFile(dataDir: string, file: string): ConfigError {
  return new ConfigError([
    `${VARIABLE} is not set and ${file} is missing, but the database in ${dataDir} was filled with the key in that file: ` +
      `a new one would not open it. Restore the file, or set ${VARIABLE} to what it held; or choose another DATA_DIR for a ` +
      'new database',
  ]);
}

/** null when there is no such file. */
async function readKey(file: string): Promise<Buffer | null> {
  const text = (await readPrivateFile(file))?.trim();
  if (text === undefined) return null;
  const key = Buffer.from(text, 'base64');
  if (key.length === KEY_BYTES && key.toString('base64') === text) return key;
  throw new ConfigError([
    `${file} does not hold ${KEY_BYTES} bytes in base64. Restore it: its key opens the database beside it`,
  ]);
}
