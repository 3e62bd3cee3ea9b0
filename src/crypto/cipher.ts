import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { randomPart } from './random-pool.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM with a random nonce. The first byte of sealed data is `format`; it says which key opens it. */
export class Cipher {
  constructor(
    readonly format: number,
    private readonly key: KeyObject,
  ) {}

  seal(text: string): Buffer {
    const nonce = randomPart(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce);
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(this.format), nonce, cipher.getAuthTag(), body]);
  }

  /** @throws Error when the bytes were not sealed with this key or were changed since. */
  open(sealed: Buffer): string {
    if (sealed[0] !== this.format) throw new Error('sealed data has an unknown format');
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.key, nonce);
    decipher.setAuthTag(tag);
    const body = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
  }
}
