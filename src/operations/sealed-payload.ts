import type { AppCipher } from '../crypto/app-vault.js';
import type { JsonObject, Transaction } from '../ledger/model/transaction.js';
import type { Secret } from '../connector/connector.js';
import { isJsonObject } from '../readers/json.js';

/** @throws Error when the app's key has been destroyed */
export function sealSecret(cipher: AppCipher, secret: Secret): Buffer {
  return cipher.seal(JSON.stringify(secret));
}

/** @throws Error when the data has been erased, or was not written by this gateway. */
export function openSecret(cipher: AppCipher, transaction: Pick<Transaction, 'sealed'>): Secret {
  if (!transaction.sealed) throw new Error('the personal data of this transaction has been erased');
  const opened = openObject(cipher, transaction.sealed);
  const { personal, body, reply } = opened;
  if (typeof body !== 'string' || !isJsonObject(personal)) throw new Error('sealed data has an unknown shape');
  return { personal, body, ...(typeof reply === 'string' && { reply }) };
}

export function openObject(cipher: AppCipher, sealed: Buffer): JsonObject {
  const opened: unknown = JSON.parse(cipher.open(sealed));
  if (!isJsonObject(opened)) throw new Error('sealed data is not an object');
  return opened;
}
