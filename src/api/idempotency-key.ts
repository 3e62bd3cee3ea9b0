import { Problem } from '../common/problem.js';

const MAX_LENGTH = 255;
const PRINTABLE = /^[\x20-\x7e]+$/;

/**
 * Reads the values of `Idempotency-Key`: one of 1 to 255 printable ASCII characters.
 * @throws Problem `idempotency_key_missing`; `validation_failed` for one that is too long, not printable, or sent twice
 */
export function readIdempotencyKey(values: readonly string[] | undefined): string {
  // The HTTP parser has removed surrounding blanks. Other blank-like characters are refused below.
  const key = values?.[0] ?? '';
  if (key === '') {
    throw new Problem(
      'idempotency_key_missing',
      'This request requires an Idempotency-Key header of 1 to 255 characters: a new key for each operation, the same key for each retry.',
    );
  }
  if (values !== undefined && values.length > 1) throw invalid('must be sent once, not several times');
  if (key.length > MAX_LENGTH) throw invalid(`must be at most ${MAX_LENGTH} characters; it has ${key.length}`);
  if (!PRINTABLE.test(key)) throw invalid('must consist of printable ASCII characters');
  return key;
}

function invalid(what: string): Problem {
  return new Problem('validation_failed', `The Idempotency-Key header ${what}.`, {
    errors: [{ pointer: 'Idempotency-Key', message: what }],
  });
}
