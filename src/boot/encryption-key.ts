import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { readPrivateFile, writePrivateFile } from './private-file.js';
import { StartError } from './step.js';

const KEY_BYTES = 32;
const FILE = 'encryption.key';

/**
 * The key for an embedded database: the configured one, or the one that was generated beside the database, or a new one.
 * @throws StartError when a key would not open what the database holds already
 */
export async function findEncryptionKey(config: Config, source: DataSource): Promise<Buffer> {
  const file = join(config.dataDir, FILE);
  const stored = (await readPrivateFile(file))?.trim() ?? null;
  const configured = config.encryptionKey?.toString('base64') ?? null;
  if (configured !== null && stored !== null && configured !== stored) {
    throw new StartError(
      `ENCRYPTION_KEY is not the key in ${file}, with which this database was filled.\n` +
        'Unset ENCRYPTION_KEY, or choose another DATA_DIR for a new database.',
    );
  }
  const known = configured ?? stored;
  if (known !== null) return toKey(known, file);
  if (await isFilled(source)) {
    throw new StartError(
      `${file} is missing, but the database in ${config.dataDir} was filled with that key.\n` +
        'Restore the file or set ENCRYPTION_KEY to its content; or choose another DATA_DIR for a new database.',
    );
  }
  const key = randomBytes(KEY_BYTES);
  await writePrivateFile(file, `${key.toString('base64')}\n`);
  return key;
}

function toKey(text: string, file: string): Buffer {
  const key = Buffer.from(text, 'base64');
  if (key.length === KEY_BYTES) return key;
  throw new StartError(`${file} does not hold ${KEY_BYTES} bytes in base64.\nRestore it, or set ENCRYPTION_KEY.`);
}

async function isFilled(source: DataSource): Promise<boolean> {
  const rows: unknown = await source.query('select 1 from api_keys limit 1');
  return Array.isArray(rows) && rows.length > 0;
}
