import { ConfigError } from '../config/config.js';
import type { Database } from '../database/database.js';
import { Vault } from '../crypto/gateway-vault.js';

/** A key, and where it was found: a variable or a file. */
export interface FoundKey {
  readonly key: Buffer;
  readonly origin: string;
}

const TEXT = 'the encryption key of this database';

const READ = `select sealed from encryption_key_check`;

/** Data that takes the key to read or to compare. */
const HAS_DATA = `
(exists (select from api_keys) or exists (select from app_data_keys) or exists (select from notifications)
  or exists (select from provider_tokens where sealed is not null))`;

/** Several instances may start first: one writes the value, and all check their key against it. */
const WRITE = `
insert into encryption_key_check (sealed) select $1::bytea where not ${HAS_DATA} on conflict (singleton) do nothing`;

const IS_FILLED = `select exists (select from encryption_key_check) or ${HAS_DATA} as filled`;

interface Sealed extends Record<string, unknown> {
  readonly sealed: Buffer;
}

/** True once a key was used: a new one would not open this database. */
export async function isFilled(database: Database): Promise<boolean> {
  const [row] = await database.query<{ filled: boolean }>(IS_FILLED);
  return row?.filled === true;
}

/**
 * Opens the check value of the database. The first start writes it, before any other data is encrypted.
 *
 * @throws ConfigError when the key is not that of this database, or nothing in it can prove that it is
 */
export async function checkEncryptionKey(database: Database, { key, origin }: FoundKey): Promise<void> {
  const vault = new Vault(key);
  let [check] = await database.query<Sealed>(READ);
  if (!check) {
    await database.query(WRITE, [vault.seal(TEXT)]);
    [check] = await database.query<Sealed>(READ);
  }
  if (!check) throw lostCheck();
  if (open(vault, check.sealed) !== TEXT) throw wrongKey(origin);
}

/** null when it was sealed with another key. */
function open(vault: Vault, sealed: Buffer): string | null {
  try {
    return vault.open(sealed);
  } catch {
    return null;
  }
}

function wrongKey(origin: string): ConfigError {
  return new ConfigError([
    `${origin} does not open this database: its data was encrypted with another key. Set the key that the database was ` +
      'first started with, from your secrets or their backup: it cannot be generated again, and without it the ' +
      'encrypted data is lost. For a new database set another DATABASE_URL or DATA_DIR. Nothing was changed',
  ]);
}

function lostCheck(): ConfigError {
  return new ConfigError([
    'The database holds encrypted data, but not the value in encryption_key_check by which a start checks its key. Restore ' +
      'that table from the backup that the data came from. Nothing was changed',
  ]);
}
