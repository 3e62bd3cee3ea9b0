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

/** Several instances may start first: one writes the value, and all check theirs against it. */
const WRITE = `insert into encryption_key_check (sealed) values ($1) on conflict (singleton) do nothing`;

/** A value that the key itself has sealed, if there is one: the oldest key of an app, else a notification or a token. */
const WITNESS = `
select sealed from (
  (select 1 as rank, sealed from app_data_keys where sealed is not null order by created_at limit 1)
  union all (select 2, sealed from notifications order by id limit 1)
  union all (select 3, sealed from provider_tokens where sealed is not null order by name limit 1)
) witnesses order by rank limit 1`;

const IS_FILLED = `
select exists (select from encryption_key_check) or exists (select from api_keys)
  or exists (select from app_data_keys) or exists (select from notifications)
  or exists (select from provider_tokens where sealed is not null) as filled`;

interface Sealed extends Record<string, unknown> {
  readonly sealed: Buffer;
}

/** True once a key was used: a new one would not open this database. */
export async function isFilled(database: Database): Promise<boolean> {
  const [row] = await database.query<{ filled: boolean }>(IS_FILLED);
  return row?.filled === true;
}

/**
 * Opens the check value of the database. The first start writes it, unless its key fails to open data that the database
 * holds already. The value is committed before any other data is encrypted.
 *
 * @returns warnings
 * @throws ConfigError when the key is not that of this database
 */
export async function checkEncryptionKey(database: Database, { key, origin }: FoundKey): Promise<string[]> {
  const vault = new Vault(key);
  let [check] = await database.query<Sealed>(READ);
  const warnings = check ? [] : await writeCheck(database, vault, origin);
  if (!check) [check] = await database.query<Sealed>(READ);
  if (!check || open(vault, check.sealed) !== TEXT) throw wrongKey(origin);
  return warnings;
}

async function writeCheck(database: Database, vault: Vault, origin: string): Promise<string[]> {
  const [witness] = await database.query<Sealed>(WITNESS);
  if (witness && open(vault, witness.sealed) === null) throw wrongKey(origin);
  const isBlind = !witness && (await isFilled(database));
  await database.query(WRITE, [vault.seal(TEXT)]);
  if (!isBlind) return [];
  return [
    `Nothing in the database proves that ${origin} is its key, though apps have keys already: it is taken as right from ` +
      'now on. If every app is refused with 401, it was wrong: restore a backup and start with the right key.',
  ];
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
