import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Database } from '../database/database.js';
import { parseId } from '../common/ids.js';
import { randomPart } from '../crypto/random-pool.js';
import { sameDigest, Vault } from '../crypto/gateway-vault.js';
import { looksLikeApiSecret } from './api-secret.js';
import { isScope, type AppCaller } from './caller.js';
import { StaleWhileErrorCache } from '../common/stale-while-error-cache.js';

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

interface KnownKey {
  readonly caller: AppCaller;
  readonly secretMac: Buffer;
  readonly expiresAtMs: number;
}

const FIND = `
select k.id as "keyId", k.secret_mac as "secretMac", k.expires_at as "expiresAt", a.id as "appId", a.name, a.scopes,
  a.product_id as "productId", a.default_hold_days as "defaultHoldDays", a.rate_limit_per_minute as "rateLimitPerMinute"
from api_keys k join apps a on a.id = k.app_id
where k.id = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now()) and a.deleted_at is null`;

/** The number of remembered valid credentials. */
const MAX_PROOFS = 10_000;

const SALT_BYTES = 33;

/** The result of a successful verification: the key, and the hash of its secret at that time. */
interface Proof {
  readonly keyUuid: string;
  readonly secretMac: Buffer;
}

/** Used for the comparison when there is no key, so that an unknown id takes as long as a wrong secret. */
const NO_MAC = Buffer.alloc(32);

/** Verifies the credentials of partner apps, in microseconds and without a query while the key is cached. */
@Injectable()
export class AppKeys {
  private readonly keys: StaleWhileErrorCache<KnownKey | null>;
  /** Proofs by the salted hash of the whole header. The salt never leaves this process. */
  private readonly proofs = new LRUCache<string, Proof>({ max: MAX_PROOFS });
  private readonly salt = randomPart(SALT_BYTES).toString('base64');

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {
    this.keys = new StaleWhileErrorCache((id) => this.load(id));
  }

  /**
   * Returns the app if the same header was verified before and its key is still valid. The key is checked again each
   * time, so a revocation takes effect as fast as in `verify`. null: the credentials must be verified.
   */
  recall(header: string): AppCaller | null {
    const proof = this.proofs.get(this.cacheKeyOf(header));
    const known = proof && this.keys.get(proof.keyUuid);
    if (!known || known instanceof Promise || !sameDigest(known.secretMac, proof.secretMac)) return null;
    return known.expiresAtMs > Date.now() ? known.caller : null;
  }

  /**
   * Returns the app of the credentials; null when they are unknown, expired, revoked or wrong. `header` is the header
   * that contained them.
   */
  async verify(keyId: string, secret: string, header: string): Promise<AppCaller | null> {
    const uuid = parseId('key', keyId);
    const found = uuid === null ? null : this.keys.get(uuid);
    // Awaiting costs a turn of the microtask queue even if there is nothing to wait for.
    const known = found instanceof Promise ? await found : found;
    const isSame = sameDigest(this.vault.mac('api-secret', secret), known?.secretMac ?? NO_MAC);
    if (!known || !isSame || !looksLikeApiSecret(secret)) return null;
    if (known.expiresAtMs <= Date.now()) return null;
    this.proofs.set(this.cacheKeyOf(header), { keyUuid: known.caller.keyId, secretMac: known.secretMac });
    return known.caller;
  }

  private cacheKeyOf(header: string): string {
    return hash('sha256', this.salt + header, 'base64');
  }

  /** Drops cached keys after this process has changed them or their app. */
  forget(keyUuids: readonly string[]): void {
    for (const uuid of keyUuids) this.keys.forget(uuid);
  }

  private async load(uuid: string): Promise<KnownKey | null> {
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
