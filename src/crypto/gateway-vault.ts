import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Cipher } from './cipher.js';

/** First byte of data that is sealed with the gateway's own key. Data sealed with an app's key has another one. */
const GATEWAY_FORMAT = 1;

/** The purpose of a keyed hash. Each purpose has its own key, so hashes of two purposes cannot be compared. */
export type MacPurpose = 'api-secret' | 'request' | 'duplicate-guard' | 'password-cache' | 'lookup';

/**
 * Encrypts the gateway's own secrets and the keys of the apps (AES-256-GCM), and hashes data that is looked up by its
 * hash (HMAC-SHA-256, one subkey per purpose). HKDF derives all keys from `ENCRYPTION_KEY` (32 bytes). `AppVault`
 * encrypts the data of apps.
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

  // A key object, because every use of a key in plain bytes costs five times as much.
  private derive(label: string): KeyObject {
    return createSecretKey(Buffer.from(hkdfSync('sha256', this.masterKey, 'loyalty-gateway', label, 32)));
  }
}

/** Compares two digests of the same length in constant time. */
export function sameDigest(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
