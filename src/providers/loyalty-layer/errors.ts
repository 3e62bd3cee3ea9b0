import type { Failure, FailureCategory } from '../../ledger/model/transaction.js';
import type { HttpReply } from '../../outbound/provider-http.service.js';
import { requestedPause } from '../../outbound/retry-after.js';
import { parseRecord, type JsonRecord } from '../../readers/json.js';
import { beginningOf, textOf, messageOf } from '../../readers/record.js';
import { ProviderError, REFUSED_BY_EDGE } from '../../connector/connector.js';

/* LoyaltyLayer's errors: `{ error, error_description, code, retry_after? }`. Pure. */

interface Known {
  readonly code: string;
  readonly message: string;
  readonly instructions: string;
  readonly category: FailureCategory;
}

const INVALID_PLAN: Known = {
  code: 'invalid_plan',
  message: 'LoyaltyLayer does not know this plan.',
  instructions: 'Use a planId that LoyaltyLayer has assigned to you.',
  category: 'configuration',
};

const REFUSALS: Readonly<Record<string, Known>> = {
  invalid_enrol_token: {
    code: 'invalid_enrol_token',
    message: 'The enrol token is invalid or has expired.',
    instructions: 'Tokenize the card again and send a new request with the new enrolToken.',
    category: 'request',
  },
  invalid_plan: INVALID_PLAN,
  invalid_pass_id: {
    code: 'pass_not_known_to_provider',
    message: 'LoyaltyLayer does not know this pass.',
    instructions: 'Contact an operator: the gateway and LoyaltyLayer disagree about this pass.',
    category: 'provider',
  },
  already_cancelled: {
    code: 'already_cancelled',
    message: 'The pass is already canceled.',
    instructions: 'A canceled pass cannot be changed; issue a new one.',
    category: 'request',
  },
};

const OTHER: Known = {
  code: 'refused_by_provider',
  message: 'LoyaltyLayer rejected the request.',
  instructions: 'Correct the request and send a new one.',
  category: 'request',
};

/** The guide's "Common Errors". */
const DOCUMENTED = new Set([
  ...Object.keys(REFUSALS),
  ...['invalid_client', 'unauthorized', 'invalid_token', 'rate_limit_exceeded', 'server_error', 'provider_timeout'],
]);

/** True when LoyaltyLayer wrote the error. `{ error: "forbidden" }` and `{ message }` come from a gateway in front of it. */
export function isOwnError(body: JsonRecord): boolean {
  const error = textOf(body, 'error');
  return error !== null && (DOCUMENTED.has(error) || textOf(body, 'error_description') !== null);
}

/** The failure for a clear refusal: a 4xx with LoyaltyLayer's error body, so nothing was executed. null: any other response. */
export function refusalOf({ status, body }: HttpReply): Failure | null {
  const record = parseRecord(body);
  return record && status >= 400 && status < 500 && isOwnError(record) ? toFailure(record, String(status)) : null;
}

/** The error for a response that is neither a success nor a clear refusal. */
export function unclearResponse(reply: HttpReply): ProviderError {
  if (reply.status >= 500) return doubt(reply, 'server_error');
  return doubt(reply, reply.status >= 400 ? REFUSED_BY_EDGE : 'unreadable_answer');
}

/** `code` is used when the error has no name. */
export function toFailure(error: JsonRecord, code: string): Failure {
  const name = textOf(error, 'error') ?? '';
  const aboutPlan = /plan/i.test(`${name} ${textOf(error, 'error_description') ?? ''}`);
  const { category, ...known } = REFUSALS[name] ?? (aboutPlan ? INVALID_PLAN : OTHER);
  return {
    ...known,
    category,
    provider: { code: name || code, message: messageOf(error, 'error_description') },
    retryable: false,
  };
}

/** Support asks for the correlation id of an error. No sample shows one, so every likely place is tried. */
export function doubt(reply: HttpReply, reason: string): ProviderError {
  const correlationId =
    reply.headers['x-correlation-id'] ??
    reply.headers['x-request-id'] ??
    textOf(parseRecord(reply.body), 'correlation_id');
  return new ProviderError('doubtful', reason, {
    ...requestedPause(reply),
    evidence: { httpStatus: reply.status, ...(correlationId && { correlationId: beginningOf(correlationId, 100) }) },
  });
}
