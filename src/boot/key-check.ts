import { ConfigError } from '../config/config.js';
import type { Database } from '../database/database.js';
import { Vault } from '../crypto/gateway-vault.js';

/** A key and its origin: a variable or a file. */
export interface FoundKey {
  readonly key: Buffer;
  readonly origin: string;
}

const TEXT = 'the encryption key of this database';

const READ = `select sealed from encryption_key_check`;

/** A condition: the database contains data that needs the key. */
const HAS_DATA = `
(exists (select from api_keys) or exists (select from app_data_keys) or exists (select from notifications)
  or exists (select from webhook_endpoints where secret is not null)
  or exists (select from provider_tokens where sealed is not null))`;

/** If several instances start for the first time, one writes the value, and all check their key against it. */
const WRITE = `
insert into encryption_key_check (sealed) select $1::bytea where not ${HAS_DATA} on conflict (singleton) do nothing`;

const IS_FILLED = `select exists (select from encryption_key_check) or ${HAS_DATA} as filled`;

interface Sealed extends Record<string, unknown> {
  readonly sealed: Buffer;
}

/** True when a key was already used: a new key would not open this database. */
export async function isKeyUsed(database: Database): Promise<boolean> {
  const [row] = await database.query<{ filled: boolean }>(IS_FILLED);
  return row?.filled === true;
}

/**
 * Checks the key by opening the check value of the database. The first start writes that value before any other data is
 * encrypted.
 *
 * @throws ConfigError when the key does not open it, or when the value is missing
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
    `${origin} does not open this database: its data was encrypted with another key. Set the key of the first start, from ` +
      'your secrets or their backup. It cannot be generated again, and without it the encrypted data is lost. For a new ' +
      'database set another DATABASE_URL or DATA_DIR. Nothing was changed',
  ]);
}

function lostCheck(): ConfigError {
  return new ConfigError([
    'The database contains encrypted data, but the table encryption_key_check, which each start needs to check its key, ' +
      'is empty. Restore that table from the same backup as the data. Nothing was changed',
  ]);
}
