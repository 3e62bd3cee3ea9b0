import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
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

/** Credentials that were right lately; the oldest are forgotten. */
const MAX_PROOFS = 10_000;

const SALT_BYTES = 33;

/** What credentials proved: that they hold the secret with this hash. */
interface Proof {
  readonly keyUuid: string;
  readonly secretMac: Buffer;
}

/** Compared with when there is no key, so that an unknown id costs what a wrong secret costs. */
const NO_MAC = Buffer.alloc(32);

/** Verifies the credentials of partner apps: microseconds and no query while the key is known. */
@Injectable()
export class AppKeys {
  private readonly keys: StaleWhileErrorCache<Known | null>;
  /** By the salted hash of the whole header, which nobody outside this process can make or see. */
  private readonly proofs = new Map<string, Proof>();
  private readonly salt = randomPart(SALT_BYTES).toString('base64');

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {
    this.keys = new StaleWhileErrorCache((id) => this.load(id));
  }

  /**
   * The app of credentials that were right before and are so still: the key is looked at as if they were new, so that a
   * revocation counts as soon. null: they have to be verified.
   */
  recall(header: string): AppCaller | null {
    const proof = this.proofs.get(this.nameOf(header));
    const known = proof && this.keys.get(proof.keyUuid);
    if (!known || known instanceof Promise || !sameDigest(known.secretMac, proof.secretMac)) return null;
    return known.expiresAtMs > Date.now() ? known.caller : null;
  }

  /**
   * The app that the pair belongs to, or null: unknown, expired, revoked and wrong are all the same. `header` is what the
   * pair came in.
   */
  async verify(keyId: string, secret: string, header: string): Promise<AppCaller | null> {
    const uuid = parseId('key', keyId);
    const found = uuid === null ? null : this.keys.get(uuid);
    // Awaiting costs a turn of the event loop's queue even when there is nothing to wait for.
    const known = found instanceof Promise ? await found : found;
    const isSame = sameDigest(this.vault.mac('api-secret', secret), known?.secretMac ?? NO_MAC);
    if (!known || !isSame || !looksLikeApiSecret(secret)) return null;
    if (known.expiresAtMs <= Date.now()) return null;
    this.remember(header, { keyUuid: known.caller.keyId, secretMac: known.secretMac });
    return known.caller;
  }

  private remember(header: string, proof: Proof): void {
    this.proofs.set(this.nameOf(header), proof);
    if (this.proofs.size <= MAX_PROOFS) return;
    const oldest = this.proofs.keys().next();
    if (!oldest.done) this.proofs.delete(oldest.value);
  }

  private nameOf(header: string): string {
    return hash('sha256', this.salt + header, 'base64');
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
