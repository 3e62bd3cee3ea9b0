import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { parseId } from '../ids.js';
import { sameDigest, Vault } from '../vault.js';
import { looksLikeApiSecret } from './api-secret.js';
import { isScope, type AppCaller } from './caller.js';
import { FreshCache } from './fresh-cache.js';

interface KeyRow {
  keyId: string;
  secretMac: Buffer;
  expiresAt: Date | null;
  appId: string;
  name: string;
  scopes: string[];
  productId: string | null;
  defaultHoldDays: number | null;
  rateLimitPerMinute: number | null;
}

interface Known {
  readonly caller: AppCaller;
  readonly secretMac: Buffer;
  readonly expiresAtMs: number;
}

const FIND = `
select k.id as "keyId", k.secret_mac as "secretMac", k.expires_at as "expiresAt", a.id as "appId", a.name, a.scopes,
  a.product_id as "productId", a.default_hold_days as "defaultHoldDays", a.rate_limit_per_minute as "rateLimitPerMinute"
from api_keys k join apps a on a.id = k.app_id
where k.id = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now()) and a.deleted_at is null`;

/** Compared with when there is no key, so that an unknown id costs what a wrong secret costs. */
const NO_MAC = Buffer.alloc(32);

/** Verifies the credentials of partner apps: microseconds and no query while the key is known. */
@Injectable()
export class AppKeys {
  private readonly keys: FreshCache<Known | null>;

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {
    this.keys = new FreshCache((id) => this.load(id));
  }

  /** The app that the pair belongs to, or null: unknown, expired, revoked and wrong are all the same. */
  async verify(keyId: string, secret: string): Promise<AppCaller | null> {
    const uuid = parseId('key', keyId);
    const found = uuid === null ? null : this.keys.get(uuid);
    // Awaiting costs a turn of the event loop's queue even when there is nothing to wait for.
    const known = found instanceof Promise ? await found : found;
    const isSame = sameDigest(this.vault.mac('api-secret', secret), known?.secretMac ?? NO_MAC);
    if (!known || !isSame || !looksLikeApiSecret(secret)) return null;
    return known.expiresAtMs > Date.now() ? known.caller : null;
  }

  /** This process changed the key, or its app: no need to wait until the cache is too old. */
  forget(keyUuids: readonly string[]): void {
    for (const uuid of keyUuids) this.keys.forget(uuid);
  }

  private async load(uuid: string): Promise<Known | null> {
    const [row] = await this.database.prepared<KeyRow>('access_key', FIND, [uuid]);
    if (!row) return null;
    const { secretMac, expiresAt, scopes, ...rest } = row;
    return {
      caller: { kind: 'app', ...rest, scopes: scopes.filter(isScope) },
      secretMac,
      expiresAtMs: expiresAt?.getTime() ?? Infinity,
    };
  }
}
