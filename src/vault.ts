import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { randomPart } from './random-part.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** First byte of everything sealed: which format and key generation; another value is refused. */
const FORMAT = 1;

/** What a keyed hash is for: one purpose's hashes say nothing about another's. */
export type MacPurpose = 'api-secret' | 'request' | 'duplicate-guard' | 'password-cache' | 'lookup';

/**
 * Encrypts what may not be read in the database (AES-256-GCM, random nonce) and hashes what must be found again
 * (HMAC-SHA-256, one subkey per purpose). All keys are derived by HKDF from `ENCRYPTION_KEY` (32 bytes).
 */
export class Vault {
  // As key objects: with a key of plain bytes every use of it costs five times as much.
  private readonly sealingKey: KeyObject;
  private readonly macKeys = new Map<MacPurpose, KeyObject>();

  /** @throws RangeError when the key is not exactly 32 bytes. */
  constructor(private readonly masterKey: Buffer) {
    if (masterKey.length !== 32) throw new RangeError('the encryption key must be 32 bytes');
    this.sealingKey = this.derive('seal');
  }

  seal(text: string): Buffer {
    const nonce = randomPart(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.sealingKey, nonce);
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(FORMAT), nonce, cipher.getAuthTag(), body]);
  }

  /** @throws Error when the bytes were not sealed with this key or were changed since. */
  open(sealed: Buffer): string {
    if (sealed[0] !== FORMAT) throw new Error('sealed data has an unknown format');
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.sealingKey, nonce);
    decipher.setAuthTag(tag);
    const body = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
  }

  mac(purpose: MacPurpose, text: string): Buffer {
    let key = this.macKeys.get(purpose);
    if (!key) {
      key = this.derive(`mac:${purpose}`);
      this.macKeys.set(purpose, key);
    }
    return createHmac('sha256', key).update(text, 'utf8').digest();
  }

  private derive(label: string): KeyObject {
    return createSecretKey(Buffer.from(hkdfSync('sha256', this.masterKey, 'loyalty-gateway', label, 32)));
  }
}

/** Compares two digests of the same length in constant time. */
export function sameDigest(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
