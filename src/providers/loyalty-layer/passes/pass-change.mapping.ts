import type { Failure, JsonObject } from '../../../ledger/model/transaction.js';
import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { parseRecord } from '../../../readers/json.js';
import { textOf } from '../../../readers/record.js';
import { Problem } from '../../../common/problem.js';
import type { Outcome } from '../../../connector/connector.js';
import { doubt, refusalOf, unclearResponse } from '../errors.js';
import { entitlement, holderBody, passStatus, type HolderChange } from './pass.mapping.js';

/* Requests and responses for issued passes: update, cancel, status query. Pure. */

/** The exact bytes of an update. It names only the members that change. */
export function updatePassBody(passId: string, holder: HolderChange): string {
  return JSON.stringify({ pass_id: passId, holder: holderBody(holder) });
}

/** The exact bytes of a cancel and of a status query. */
export function passIdBody(passId: string): string {
  return JSON.stringify({ pass_id: passId });
}

/** @throws ProviderError `doubtful`: send the same bytes again */
export function readUpdateReply(body: string, reply: HttpReply): Outcome {
  return readChange(body, reply, {});
}

/** An already canceled pass is a success. @throws as `readUpdateReply` */
export function readCancelReply(body: string, reply: HttpReply): Outcome {
  const canceled = { resource: { status: 'canceled' } };
  if (reply.status === 409 && textOf(parseRecord(reply.body), 'error') === 'already_cancelled') {
    return { kind: 'succeeded', providerReference: passIdOf(body), ...canceled };
  }
  return readChange(body, reply, canceled);
}

function readChange(body: string, reply: HttpReply, change: { resource?: { status: string } }): Outcome {
  const passId = passIdOf(body);
  if (reply.status >= 200 && reply.status < 300) {
    const answer = parseRecord(reply.body);
    const about = textOf(answer, 'pass_id') ?? passId;
    if (!answer || answer['success'] === false || about !== passId) throw doubt(reply, 'unreadable_answer');
    return { kind: 'succeeded', providerReference: passId, ...change };
  }
  if (reply.status >= 300 && reply.status < 400) return { kind: 'declined', failure: REDIRECTED };
  const failure = refusalOf(reply);
  if (failure) return { kind: 'declined', failure, providerReference: passId };
  throw unclearResponse(reply);
}

function passIdOf(body: string): string | null {
  return textOf(parseRecord(body), 'pass_id');
}

const REDIRECTED: Failure = {
  code: 'provider_moved',
  message: 'LoyaltyLayer responded with a redirect, which the gateway does not follow.',
  instructions: "Contact an operator: LoyaltyLayer's address may have changed.",
  category: 'configuration',
  provider: null,
  retryable: true,
};

export interface PassNews {
  readonly status: string;
  /** True when LoyaltyLayer reported a status that the gateway does not know. */
  readonly oddStatus: boolean;
  readonly secret: JsonObject;
}

/** @throws Problem `provider_error` for a refusal; ProviderError `doubtful` for an unclear response */
export function readStatusReply(reply: HttpReply): PassNews {
  const body = parseRecord(reply.body);
  const reported = textOf(body, 'status');
  if (reply.status >= 200 && reply.status < 300 && body && reported !== null) {
    const status = passStatus(reported);
    return { status, oddStatus: status === 'unknown' && reported !== 'unknown', secret: entitlement(body) };
  }
  const failure = refusalOf(reply);
  if (!failure) throw unclearResponse(reply);
  const { code = null, message = null } = failure.provider ?? {};
  throw new Problem('provider_error', failure.message, {
    provider: { name: 'loyalty-layer', code, message: message ?? failure.message, instructions: failure.instructions },
  });
}
