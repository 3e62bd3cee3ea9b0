import { createSecretKey, randomBytes } from 'node:crypto';
import { Cipher } from './cipher.js';
import type { Database } from '../database/database.js';
import { StaleWhileErrorCache } from '../common/stale-while-error-cache.js';
import type { Vault } from './gateway-vault.js';

const KEY_BYTES = 32;
/** First byte of data that is sealed with an app's own key. */
const APP_FORMAT = 2;

const FIND = `select sealed from app_data_keys where app_id = $1`;

/** If several instances make a key at once, the first insert wins and all of them read that key. */
const MAKE = `insert into app_data_keys (app_id, sealed) values ($1, $2) on conflict (app_id) do nothing`;

interface KeyRow {
  /** null: destroyed. */
  sealed: Buffer | null;
}

/** Seals and opens the data of one app. */
export class AppCipher {
  /** `own`: null when the app's key was destroyed. */
  constructor(private readonly own: Cipher | null) {}

  /** True when the app's key was destroyed: none of its data can be opened any more. */
  get isDestroyed(): boolean {
    return this.own === null;
  }

  /** @throws Error when the app's key has been destroyed */
  seal(text: string): Buffer {
    return this.usable().seal(text);
  }

  /** @throws Error when it cannot be opened (any more) */
  open(sealed: Buffer): string {
    return this.usable().open(sealed);
  }

  private usable(): Cipher {
    if (!this.own) throw new Error('the personal data of this app has been erased');
    return this.own;
  }
}

/**
 * A random key for each app (AES-256-GCM), stored in the database encrypted under `ENCRYPTION_KEY`. The app's data is
 * unreadable without it: destroying the key erases the data at once, in all copies and backups. Every instance forgets
 * a destroyed key within 5 s. Only calls in progress keep it until their outcome is recorded.
 */
export class AppVault {
  private readonly ciphers: StaleWhileErrorCache<AppCipher>;

  constructor(
    private readonly database: Database,
    /** For data that is looked up by its hash. */
    readonly gateway: Vault,
  ) {
    this.ciphers = new StaleWhileErrorCache((appId) => this.load(appId));
  }

  /**
   * Returns the cipher at once while the app's key is cached. The key is committed before anything is sealed with it.
   */
  of(appId: string): AppCipher | Promise<AppCipher> {
    return this.ciphers.get(appId);
  }

  /** Call it when this process has destroyed the app's key. */
  forget(appId: string): void {
    this.ciphers.forget(appId);
  }

  private async load(appId: string): Promise<AppCipher> {
    const row = (await this.find(appId)) ?? (await this.make(appId));
    if (!row.sealed) return new AppCipher(null);
    const key = createSecretKey(Buffer.from(this.gateway.open(row.sealed), 'base64'));
    return new AppCipher(new Cipher(APP_FORMAT, key));
  }

  private async make(appId: string): Promise<KeyRow> {
    await this.database.query(MAKE, [appId, this.gateway.seal(randomBytes(KEY_BYTES).toString('base64'))]);
    const made = await this.find(appId);
    if (!made) throw new Error('the key of an app has vanished');
    return made;
  }

  private async find(appId: string): Promise<KeyRow | undefined> {
    return (await this.database.prepared<KeyRow>('app_data_key', FIND, [appId]))[0];
  }
}
