import type { FastifyRequest } from 'fastify';
import { alarm } from '../../common/alarm.js';
import { Problem, type FieldError } from '../../common/problem.js';
import { holdsCardNumber } from './card-number.js';
import { findCards, findCardsIn } from './find-cards.js';

const DETAIL =
  'The request contains a payment card number or other card data (see errors). Nothing was stored. ' +
  'Encrypt the card and use POST /v1/cards/tokenize.';

/**
 * Refuses card data anywhere in a request before the request is validated, stored or logged. The response names only the
 * place. Ids in the path are exempt, and so are headers: an `Idempotency-Key` is opaque, an `X-Request-Id` that looks like
 * a card number is replaced, and no other header is stored or passed on (trace ids of 19 digits often look like one).
 * @throws Problem `card_data_refused`
 */
export function refuseCardData(request: FastifyRequest): void {
  const errors = [...findCards(bodyOf(request)), ...findCardsIn(queryOf(request), '?')];
  if (errors.length > 0) throw cardDataRefused(errors);
}

/**
 * Raises an alarm for card data in a provider's notification. A refusal would only make the provider repeat it for
 * days, and its content would be lost. The notification is stored encrypted, like all notifications.
 */
export function reportCardData(request: FastifyRequest): void {
  const { body } = request;
  if (!Buffer.isBuffer(body) || !holdsCardNumber(body.toString('utf8'))) return;
  alarm('card_data_in_notification', { requestId: request.id }, 'a notification contains a payment card number');
}

function cardDataRefused(errors: readonly FieldError[]): Problem {
  return new Problem('card_data_refused', DETAIL, { errors });
}

/** Includes the rest of a body that could not be read. Bytes are checked by `reportCardData`. */
function bodyOf({ body, gateway }: FastifyRequest): unknown {
  return Buffer.isBuffer(body) ? undefined : (body ?? gateway.unreadBody);
}

function* queryOf({ query }: FastifyRequest): Generator<[string, string]> {
  if (typeof query !== 'object' || query === null) return;
  for (const [name, value] of Object.entries(query)) {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    for (const one of values) yield [name, String(one)];
  }
}
