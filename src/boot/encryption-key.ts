import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ConfigError, type Config } from '../config/config.js';
import type { Database } from '../database/database.js';
import { isKeyUsed, type FoundKey } from './key-check.js';
import { readPrivateFile, writePrivateFile } from './private-file.js';

const KEY_BYTES = 32;
const FILE = 'encryption.key';
const VARIABLE = 'ENCRYPTION_KEY';
/** Key of the advisory lock: only one of several instances creates the key. */
const KEY_LOCK = 4_217_002;

/**
 * Finds the configured key. For an embedded database, this can also be the generated key in the data folder, or a new
 * key while the database is empty.
 * @throws ConfigError when there is no key, or two different ones
 */
export async function findEncryptionKey(config: Config, database: Database): Promise<FoundKey> {
  const { encryptionKey: configured, dataDir } = config;
  if (config.databaseUrl !== null) return requireKey(configured, VARIABLE);
  const file = join(dataDir, FILE);
  const stored = await readKey(file);
  if (configured && stored && !configured.equals(stored)) {
    throw new ConfigError([
      `${VARIABLE} differs from the key in ${file}, which this database uses. Unset ${VARIABLE}, or choose another ` +
        'DATA_DIR for a new database',
    ]);
  }
  if (configured) return requireKey(configured, VARIABLE);
  return requireKey(stored ?? (await makeKey(database, dataDir, file)), file);
}

function requireKey(key: Buffer | null, origin: string): FoundKey {
  if (key) return { key, origin };
  throw new ConfigError([`${VARIABLE} is not set`]);
}

/** Creates a key and writes it to its file before anything is encrypted with it. */
function makeKey(database: Database, dataDir: string, file: string): Promise<Buffer> {
  return database.transaction(async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [KEY_LOCK]);
    const others = await readKey(file);
    if (others) return others;
    if (await isKeyUsed(database)) throw missingFile(dataDir, file);
    const key = randomBytes(KEY_BYTES);
    await writePrivateFile(file, `${key.toString('base64')}\n`);
    return key;
  });
}

function missingFile(dataDir: string, file: string): ConfigError {
  return new ConfigError([
    `${VARIABLE} is not set and ${file} is missing, but the database in ${dataDir} uses the key in that file; a new key ` +
      `would not open it. Restore the file, or set ${VARIABLE} to its content, or choose another DATA_DIR for a new ` +
      'database',
  ]);
}

/** null when the file does not exist. */
async function readKey(file: string): Promise<Buffer | null> {
  const text = (await readPrivateFile(file))?.trim();
  if (text === undefined) return null;
  const key = Buffer.from(text, 'base64');
  if (key.length === KEY_BYTES && key.toString('base64') === text) return key;
  throw new ConfigError([
    `${file} does not contain ${KEY_BYTES} bytes in base64. Restore the file: its key opens the database in its folder`,
  ]);
}
