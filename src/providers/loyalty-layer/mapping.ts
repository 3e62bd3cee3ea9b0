import type { Failure, FailureCategory, JsonObject } from '../../ledger/transaction.js';
import type { HttpReply } from '../../outbound/http-door.js';
import { jsonOf, parseRecord, textOf, wordsOf, type JsonRecord } from '../../outbound/lenient-json.js';
import { ProviderError, type Outcome } from '../connector.js';

/*
 * LoyaltyLayer's language, both ways. Pure. The shape of holder details is documented nowhere: it is decided here and
 * only here.
 */

export interface Holder {
  readonly firstName: string;
  readonly lastName: string;
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly country?: string | undefined;
}

export interface PassOrder {
  readonly planId: string;
  readonly enrolToken?: string | undefined;
  readonly holder: Holder;
}

/** The exact bytes of `POST /v1/pass/create`. */
export function createPassBody({ planId, enrolToken, holder }: PassOrder): string {
  return JSON.stringify({
    plan_id: planId,
    enrol_token: enrolToken,
    holder: {
      first_name: holder.firstName,
      last_name: holder.lastName,
      email: holder.email,
      phone: holder.phone,
      country: holder.country,
    },
  });
}

/** Members of the answer that are not the pass's own data. */
const ENVELOPE = new Set(['pass_id', 'status', 'dmc_qr_data', 'success', 'code', 'message', 'plan_id', 'enrol_token']);

/** The answer to a create. @throws ProviderError `doubtful` for every answer that is not clear: it may have made a pass. */
export function readCreateReply(reply: HttpReply): Outcome {
  const body = parseRecord(reply.body);
  if (reply.status >= 200 && reply.status < 300) {
    const passId = textOf(body, 'pass_id');
    if (!body || passId === null || body['success'] === false) throw doubt(reply, body, 'unreadable_answer');
    return {
      kind: 'succeeded',
      providerReference: passId,
      resource: { status: passStatus(textOf(body, 'status')), providerReference: passId, secret: entitlement(body) },
    };
  }
  if (body && textOf(body, 'error') !== null && reply.status >= 400 && reply.status < 500) {
    return { kind: 'declined', failure: refusal(reply, body) };
  }
  throw doubt(reply, body, reply.status >= 500 ? 'server_error' : 'unreadable_answer');
}

/** What the pass entitles to: a QR text for a lounge, an activation code for an eSIM. For the owning app only. */
function entitlement(body: JsonRecord): JsonObject {
  const rest = Object.entries(body).filter(([name]) => !ENVELOPE.has(name));
  const data = jsonOf(Object.fromEntries(rest));
  return { qrData: textOf(body, 'dmc_qr_data'), ...(rest.length > 0 && { data }) };
}

/** A pass just created is active unless the provider says that it is over; a status that nobody knows is unknown. */
export function passStatus(status: string | null): string {
  switch (status?.toLowerCase() ?? 'active') {
    case 'active':
    case 'created':
    case 'issued':
    case 'success':
      return 'active';
    case 'pending':
    case 'processing':
      return 'pending';
    case 'cancelled':
    case 'canceled':
      return 'canceled';
    case 'expired':
      return 'expired';
    default:
      return 'unknown';
  }
}

const REFUSALS: Readonly<
  Record<string, { code: string; message: string; instructions: string; category: FailureCategory }>
> = {
  invalid_enrol_token: {
    code: 'invalid_enrol_token',
    message: 'The enrol token is invalid or has expired.',
    instructions: 'Tokenize the card again and send a new request with the new enrolToken.',
    category: 'request',
  },
  invalid_plan: {
    code: 'invalid_plan',
    message: 'LoyaltyLayer does not know this plan.',
    instructions: 'Use a planId that LoyaltyLayer has mapped for you.',
    category: 'configuration',
  },
};

function refusal(reply: HttpReply, body: JsonRecord): Failure {
  const error = textOf(body, 'error') ?? '';
  const known =
    REFUSALS[error] ??
    (/plan/i.test(`${error} ${textOf(body, 'error_description') ?? ''}`) ? REFUSALS['invalid_plan'] : undefined);
  return {
    code: known?.code ?? 'refused_by_provider',
    message: known?.message ?? 'LoyaltyLayer refused the request.',
    instructions: known?.instructions ?? 'Correct the request and send a new one.',
    category: known?.category ?? 'request',
    provider: { code: error || String(reply.status), message: wordsOf(body, 'error_description') },
    retryable: false,
  };
}

/** Support asks for correlation ids from errors; no sample shows one, so every likely place is kept. */
function doubt(reply: HttpReply, body: JsonRecord | null, reason: string): ProviderError {
  const correlationId =
    reply.headers['x-correlation-id'] ?? reply.headers['x-request-id'] ?? textOf(body, 'correlation_id');
  return new ProviderError('doubtful', reason, {
    evidence: { httpStatus: reply.status, ...(correlationId && { correlationId: correlationId.slice(0, 100) }) },
  });
}
