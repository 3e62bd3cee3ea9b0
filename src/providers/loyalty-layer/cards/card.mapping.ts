import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { parseJson, parseRecord } from '../../../readers/json.js';
import { textOf } from '../../../readers/record.js';
import { Problem } from '../../../common/problem.js';
import { refusalOf, unclearResponse } from '../errors.js';

/* Requests and responses of the card calls. Pure. No document specifies the format of the keys: they are returned unchanged. */

export interface EncryptedCard {
  readonly encryptedValue: string;
  readonly planId: string;
  readonly cardType: string;
}

export function tokenizeBody({ encryptedValue, planId, cardType }: EncryptedCard): string {
  return JSON.stringify({ encrypted_value: encryptedValue, plan_id: planId, card_type: cardType });
}

/** @throws Problem `provider_error` for a refusal; ProviderError `doubtful` for an unclear response */
export function readTokenizeReply(reply: HttpReply): string {
  const token = textOf(parseRecord(reply.body), 'enrol_token');
  if (isSuccess(reply) && token !== null) return token;
  throw refused(reply);
}

/** `text`: the keys, byte for byte. @throws as `readTokenizeReply` */
export function readKeysReply(reply: HttpReply): { readonly text: string; readonly keys: unknown } {
  const keys = isSuccess(reply) ? parsed(reply.body) : null;
  if (typeof keys === 'object' && keys !== null) return { text: reply.body.replace(/^\uFEFF/, ''), keys };
  throw refused(reply);
}

function parsed(body: string): unknown {
  try {
    return parseJson(body);
  } catch {
    return null;
  }
}

function isSuccess({ status }: HttpReply): boolean {
  return status >= 200 && status < 300;
}

function refused(reply: HttpReply): Error {
  const failure = refusalOf(reply);
  if (!failure) return unclearResponse(reply);
  return new Problem('provider_error', failure.message, {
    provider: {
      name: 'loyalty-layer',
      code: failure.provider?.code ?? null,
      message: failure.provider?.message ?? failure.message,
      instructions: failure.instructions,
    },
  });
}
