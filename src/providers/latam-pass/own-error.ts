import { isRecord, type JsonRecord } from '../../readers/json.js';
import { textOf } from '../../readers/record.js';

/** HTTP statuses and business codes alike have three digits; the codes of API gateways are words, or longer. */
const OWN_CODE = /^[1-9][0-9]{2}$/;
const BESIDE_CODE = ['message', 'instructions', 'issuedDateTime', 'details'];

/**
 * Whether a refusal is in LATAM Pass's own words: a business error (`code` beside `message`, `instructions`,
 * `issuedDateTime` or `details`), or the error of the token call (`result`, `errors`). Everything else (`{ message }`,
 * `{ error }`, HTML) is of something that stands in front of LATAM Pass, and no refusal of the operation. Pure.
 */
export function isOwnError(body: JsonRecord): boolean {
  return isBusinessError(body) || isTokenError(body);
}

function isBusinessError(body: JsonRecord): boolean {
  return OWN_CODE.test(textOf(body, 'code') ?? '') && BESIDE_CODE.some((name) => name in body);
}

/** `{ result: "failure", errors: [{ type, message }], status }` */
function isTokenError(body: JsonRecord): boolean {
  const { errors, result } = body;
  return result === 'failure' && Array.isArray(errors) && errors.some(isRecord);
}
