import type { AppCipher } from '../crypto/app-vault.js';
import type { JsonObject, Transaction } from '../ledger/model/transaction.js';
import type { Secret } from '../connector/connector.js';

/** @throws Error when the app's key has been destroyed */
export function sealSecret(cipher: AppCipher, secret: Secret): Buffer {
  return cipher.seal(JSON.stringify(secret));
}

/** @throws Error when the data has been erased, or was not written by this gateway. */
export function openSecret(cipher: AppCipher, transaction: Pick<Transaction, 'sealed'>): Secret {
  if (!transaction.sealed) throw new Error('the personal data of this transaction has been erased');
  const opened = openObject(cipher, transaction.sealed);
  const { personal, body, reply } = opened;
  if (typeof body !== 'string' || !isObject(personal)) throw new Error('sealed data has an unknown shape');
  return { personal, body, ...(typeof reply === 'string' && { reply }) };
}

export function openObject(cipher: AppCipher, sealed: Buffer): JsonObject {
  const opened: unknown = JSON.parse(cipher.open(sealed));
  if (!isObject(opened)) throw new Error('sealed data is not an object');
  return opened;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
