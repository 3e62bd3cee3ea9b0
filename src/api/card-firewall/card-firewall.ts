import type { FastifyRequest } from 'fastify';
import { alarm } from '../../common/alarm.js';
import { Problem, type FieldError } from '../../common/problem.js';
import { holdsCardNumber } from './card-number.js';
import { findCards, findCardsIn } from './find-cards.js';

const DETAIL =
  'The request holds the number of a payment card, or what belongs to one (see errors). Nothing of it was kept. ' +
  'Encrypt the card and use POST /v1/cards/tokenize.';

/**
 * Refuses card data anywhere in a request, before anything of it is checked, stored or logged; the answer names only
 * its place. Ids in the path are exempt, and so are headers: an `Idempotency-Key` is opaque, an `X-Request-Id` that looks
 * like a card's number is replaced, and no other header is kept or passed on (trace ids of 19 digits often look like one).
 * @throws Problem `card_data_refused`
 */
export function refuseCardData(request: FastifyRequest): void {
  const errors = [...findCards(bodyOf(request)), ...findCardsIn(queryOf(request), '?')];
  if (errors.length > 0) throw cardDataRefused(errors);
}

/**
 * For notifications of a provider: a refusal would only make it repeat the same for days, and its content would be lost.
 * The notification is stored encrypted as all are, and an alarm is raised.
 */
export function reportCardData(request: FastifyRequest): void {
  const { body } = request;
  if (!Buffer.isBuffer(body) || !holdsCardNumber(body.toString('utf8'))) return;
  alarm('card_data_in_notification', { requestId: request.id }, 'a notification holds the number of a payment card');
}

function cardDataRefused(errors: readonly FieldError[]): Problem {
  return new Problem('card_data_refused', DETAIL, { errors });
}

/** Also what was left of a body that could not be read. Bytes have a reader of their own. */
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
