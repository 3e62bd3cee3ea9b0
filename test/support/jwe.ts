import {
  constants,
  createCipheriv,
  createPublicKey,
  publicEncrypt,
  randomBytes,
  type JsonWebKeyInput,
} from 'node:crypto';

/** Encrypts a card like an app (RFC 7516, RSA-OAEP-256 and A256GCM). `header` overrides the protected header. */
export function encryptCard(key: JsonWebKeyInput['key'], plaintext: string, header: object = {}): string {
  const protectedHeader = encode(JSON.stringify({ alg: 'RSA-OAEP-256', enc: 'A256GCM', ...header }));
  const contentKey = randomBytes(32);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', contentKey, nonce).setAAD(Buffer.from(protectedHeader, 'ascii'));
  const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  const wrapped = publicEncrypt(
    { key: createPublicKey({ key, format: 'jwk' }), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
    contentKey,
  );
  return [protectedHeader, ...[wrapped, nonce, body, cipher.getAuthTag()].map(encode)].join('.');
}

function encode(bytes: Buffer | string): string {
  return Buffer.from(bytes).toString('base64url');
}
