import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Cipher } from './cipher.js';

/** First byte of what is sealed with the gateway's own key; what is sealed with an app's has another. */
export const GATEWAY_FORMAT = 1;

/** What a keyed hash is for: one purpose's hashes say nothing about another's. */
export type MacPurpose = 'api-secret' | 'request' | 'duplicate-guard' | 'password-cache' | 'lookup';

/**
 * Encrypts the gateway's own secrets and the keys of the apps (AES-256-GCM), and hashes what must be found again
 * (HMAC-SHA-256, one subkey per purpose). All keys are derived by HKDF from `ENCRYPTION_KEY` (32 bytes). What belongs to
 * an app is for `AppVault`.
 */
export class Vault {
  private readonly cipher: Cipher;
  private readonly macKeys = new Map<MacPurpose, KeyObject>();

  /** @throws RangeError when the key is not exactly 32 bytes. */
  constructor(private readonly masterKey: Buffer) {
    if (masterKey.length !== 32) throw new RangeError('the encryption key must be 32 bytes');
    this.cipher = new Cipher(GATEWAY_FORMAT, this.derive('seal'));
  }

  seal(text: string): Buffer {
    return this.cipher.seal(text);
  }

  /** @throws Error when the bytes were not sealed with this key or were changed since. */
  open(sealed: Buffer): string {
    return this.cipher.open(sealed);
  }

  mac(purpose: MacPurpose, text: string): Buffer {
    let key = this.macKeys.get(purpose);
    if (!key) {
      key = this.derive(`mac:${purpose}`);
      this.macKeys.set(purpose, key);
    }
    return createHmac('sha256', key).update(text, 'utf8').digest();
  }

  // As a key object: with a key of plain bytes every use of it costs five times as much.
  private derive(label: string): KeyObject {
    return createSecretKey(Buffer.from(hkdfSync('sha256', this.masterKey, 'loyalty-gateway', label, 32)));
  }
}

/** Compares two digests of the same length in constant time. */
export function sameDigest(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
