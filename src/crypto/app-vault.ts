import { createSecretKey, randomBytes } from 'node:crypto';
import { Cipher } from './cipher.js';
import type { Database } from '../database/database.js';
import { StaleWhileErrorCache } from '../common/stale-while-error-cache.js';
import { GATEWAY_FORMAT, type Vault } from './gateway-vault.js';

const KEY_BYTES = 32;
/** First byte of what is sealed with an app's own key. */
const APP_FORMAT = 2;

const FIND = `select sealed from app_data_keys where app_id = $1`;

/** Of several instances one makes the key, and all find that one. */
const MAKE = `insert into app_data_keys (app_id, sealed) values ($1, $2) on conflict (app_id) do nothing`;

interface KeyRow {
  /** null: destroyed. */
  sealed: Buffer | null;
}

/** Seals and opens what belongs to one app. */
export class AppCipher {
  constructor(
    private readonly own: Cipher | null,
    private readonly vault: Vault,
  ) {}

  /** Nothing of the app can be opened any more. */
  get isDestroyed(): boolean {
    return this.own === null;
  }

  /** @throws Error when the app's key has been destroyed */
  seal(text: string): Buffer {
    return this.usable().seal(text);
  }

  /** Also what was sealed before apps had keys of their own. @throws Error when it cannot be opened (any more) */
  open(sealed: Buffer): string {
    const own = this.usable();
    return sealed[0] === GATEWAY_FORMAT ? this.vault.open(sealed) : own.open(sealed);
  }

  private usable(): Cipher {
    if (!this.own) throw new Error('the personal data of this app has been erased');
    return this.own;
  }
}

/**
 * A random key for each app (AES-256-GCM), kept in the database encrypted under `ENCRYPTION_KEY`. Without it what belongs
 * to the app cannot be read by anybody: destroying the key erases all of it at once, wherever copies of it lie. A key that
 * was destroyed is forgotten by every instance within 5 s, but for calls that are under way: each has it until its outcome is
 * on record.
 */
export class AppVault {
  private readonly ciphers: StaleWhileErrorCache<AppCipher>;

  constructor(
    private readonly database: Database,
    /** For what is found again by its hash. */
    readonly gateway: Vault,
  ) {
    this.ciphers = new StaleWhileErrorCache((appId) => this.load(appId));
  }

  /** At once while the app's key is known. The key is committed before anything is sealed with it. */
  of(appId: string): AppCipher | Promise<AppCipher> {
    return this.ciphers.get(appId);
  }

  /** This process has destroyed the app's key. */
  forget(appId: string): void {
    this.ciphers.forget(appId);
  }

  private async load(appId: string): Promise<AppCipher> {
    const row = (await this.find(appId)) ?? (await this.make(appId));
    if (!row.sealed) return new AppCipher(null, this.gateway);
    const key = createSecretKey(Buffer.from(this.gateway.open(row.sealed), 'base64'));
    return new AppCipher(new Cipher(APP_FORMAT, key), this.gateway);
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
