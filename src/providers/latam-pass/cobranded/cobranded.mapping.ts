import type { Failure } from '../../../ledger/model/transaction.js';
import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { parseRecord, type JsonRecord } from '../../../readers/json.js';
import { REFUSED_BY_EDGE, type Outcome } from '../../../connector/connector.js';
import { correlationOf, infrastructure, requestFailure, type Member } from '../accruals/accrual.mapping.js';
import { isNoMember } from '../members/member-search.mapping.js';
import { isOwnError } from '../errors.js';

/*
 * Requests and responses of LATAM Pass's "Cobranded" API, version 1. Pure. A life cycle belongs to one member, one bank and
 * one card, and has no id of ours. Start and end set a state ("running", "ended"), so the same bytes can be sent again: if a
 * retry is refused because the state is already reached, it has succeeded. No document specifies the fields of `card`, the
 * body of DELETE, or the refusal of a start while the life cycle runs: this file alone decides them.
 */

export type Card = Readonly<Record<string, string>>;

/** The exact bytes of the POST that starts the benefits. */
export function startBody(member: Member, card: Card): string {
  const { ffn, document, email } = member;
  return JSON.stringify({ member: { ffn, document, email }, card });
}

/** The exact bytes of the DELETE that ends the benefits. The documents offer no other place for member and card. */
export function endBody(ffn: string, card: Card): string {
  return JSON.stringify({ ffn, card });
}

const NOTHING_TO_END = /no previously initiated life[ -]?cycle/i;
const RUNNING_ALREADY = /\b(?:already|previously) (?:been )?(?:initiated|started)\b|life[ -]?cycle already\b/i;

/** Reads the response to a start. `attempt` counts from 1. @throws ProviderError `doubtful` when it is not clear */
export function readStartReply(reply: HttpReply, attempt: number): Outcome {
  return read(reply, (said) => {
    if (!RUNNING_ALREADY.test(said) || NOTHING_TO_END.test(said)) return null;
    return attempt > 1 ? 'reached' : 'cobranded_already_started';
  });
}

/** Reads the response to an end. `attempt` counts from 1. @throws ProviderError `doubtful` when it is not clear */
export function readEndReply(reply: HttpReply, attempt: number): Outcome {
  return read(reply, (said) => {
    if (!NOTHING_TO_END.test(said)) return null;
    return attempt > 1 ? 'reached' : 'cobranded_not_started';
  });
}

type StateCode = 'cobranded_already_started' | 'cobranded_not_started';

/**
 * `stateOf` reads the text of a refusal. `reached`: an earlier attempt already set the state. A code: the state forbids the
 * request. null: the refusal has another cause.
 */
function read(reply: HttpReply, stateOf: (said: string) => 'reached' | StateCode | null): Outcome {
  const { status } = reply;
  const body = parseRecord(reply.body);
  if (status >= 200 && status < 300) {
    // A 2xx succeeds even without a body. A body that is no JSON object (HTML, a truncated response) is doubtful.
    if (!body && reply.body.trim() !== '') throw infrastructure(reply, 'unreadable_answer');
    return done(body);
  }
  if (status < 400 || status >= 500) throw infrastructure(reply, status < 400 ? 'redirected' : 'server_error');
  if (!body || !isOwnError(body)) throw infrastructure(reply, REFUSED_BY_EDGE);
  const state = stateOf(JSON.stringify([body['message'], body['instructions'], body['details'], body['errors']]));
  if (state === 'reached') return done(body);
  const failure = requestFailure(status, body);
  if (state) return { kind: 'declined', failure: { ...failure, ...STATE_FAILURES[state], code: state } };
  return { kind: 'declined', failure: isNoMember(status, body) ? { ...failure, ...NO_MEMBER } : failure };
}

function done(body: JsonRecord | null): Outcome {
  return { kind: 'succeeded', providerReference: null, correlationId: correlationOf(body) };
}

type Words = Pick<Failure, 'message' | 'instructions'>;

const STATE_FAILURES: Readonly<Record<StateCode, Words>> = {
  cobranded_already_started: {
    message: 'The benefits of this card were already active.',
    instructions: 'No action is needed, unless you meant another member, bank or card.',
  },
  cobranded_not_started: {
    message: 'This card has no active benefits for this member and bank.',
    instructions: 'Send the same member, card and bank as when the benefits were started.',
  },
};

const NO_MEMBER: Pick<Failure, 'code' | 'category'> & Words = {
  code: 'member_not_found',
  message: 'LATAM Pass does not know this member.',
  instructions: 'Correct the member and send a new request with a new reference.',
  category: 'member',
};
