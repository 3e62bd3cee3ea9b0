import type { Failure } from '../../../ledger/model/transaction.js';
import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { parseRecord, type JsonRecord } from '../../../readers/json.js';
import { REFUSED_BY_EDGE, type Outcome } from '../../../connector/connector.js';
import { correlationOf, infrastructure, requestFailure, type Member } from '../accruals/accrual.mapping.js';
import { isNoMember } from '../members/member-search.mapping.js';
import { isOwnError } from '../errors.js';

/*
 * "Cobranded", version 1, both ways. Pure. A life cycle is one member, one bank and one card; it has no id of ours. So
 * both acts mean a state, "running" or "ended", and may be sent again with the same bytes: a repetition that is told
 * that the state is reached already has succeeded. The fields of `card`, the body of DELETE, and how a start that is
 * running already is refused are documented nowhere: decided here.
 */

export type Card = Readonly<Record<string, string>>;

/** POST: begins the benefits. */
export function startBody(member: Member, card: Card): string {
  const { ffn, document, email } = member;
  return JSON.stringify({ member: { ffn, document, email }, card });
}

/** DELETE: ends them. The documents name no other place for the member and the card than a body. */
export function endBody(ffn: string, card: Card): string {
  return JSON.stringify({ ffn, card });
}

const NOTHING_TO_END = /no previously initiated life[ -]?cycle/i;
const RUNNING_ALREADY = /\b(?:already|previously) (?:been )?(?:initiated|started)\b|life[ -]?cycle already\b/i;

/** The answer to a start. `attempt` counts from 1. @throws ProviderError `doubtful` for every answer that is not clear. */
export function readStartReply(reply: HttpReply, attempt: number): Outcome {
  return read(reply, (said) => {
    if (!RUNNING_ALREADY.test(said) || NOTHING_TO_END.test(said)) return null;
    return attempt > 1 ? 'reached' : 'cobranded_already_started';
  });
}

/** The answer to an end. `attempt` counts from 1. @throws ProviderError `doubtful` for every answer that is not clear. */
export function readEndReply(reply: HttpReply, attempt: number): Outcome {
  return read(reply, (said) => {
    if (!NOTHING_TO_END.test(said)) return null;
    return attempt > 1 ? 'reached' : 'cobranded_not_started';
  });
}

type StateCode = 'cobranded_already_started' | 'cobranded_not_started';

/** `stateOf` says whether a refusal speaks of the state of the life cycle: reached by an earlier attempt, or a failure. */
function read(reply: HttpReply, stateOf: (said: string) => 'reached' | StateCode | null): Outcome {
  const { status } = reply;
  const body = parseRecord(reply.body);
  if (status >= 200 && status < 300) {
    // Any 2xx is done, also without a body; a page of a firewall or half an answer is no word of LATAM Pass's.
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
