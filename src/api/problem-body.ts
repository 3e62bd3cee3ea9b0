import type { FieldError, Problem, ProblemCode, ProviderRefusal } from '../common/problem.js';

/** The only place that defines the HTTP status and title of each problem. */
export const PROBLEMS: Readonly<Record<ProblemCode, { status: number; title: string; retryable?: true }>> = {
  validation_failed: { status: 400, title: 'The request is not valid' },
  idempotency_key_missing: { status: 400, title: 'An Idempotency-Key is required' },
  unauthenticated: { status: 401, title: 'Valid credentials are required' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  reference_conflict: { status: 409, title: 'The reference is already used' },
  invalid_state: { status: 409, title: 'Not possible in the current state' },
  possible_duplicate: { status: 409, title: 'Possible duplicate' },
  payload_too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key belongs to another request' },
  card_data_refused: { status: 422, title: 'Card data is rejected' },
  qr_too_long: { status: 422, title: 'The QR data is too long to be drawn' },
  rate_limited: { status: 429, title: 'Too many requests', retryable: true },
  internal_error: { status: 500, title: 'Internal error', retryable: true },
  provider_error: { status: 502, title: 'The provider returned an error' },
  provider_unavailable: { status: 503, title: 'The provider is unavailable', retryable: true },
  overloaded: { status: 503, title: 'The gateway is temporarily unable to serve requests', retryable: true },
  insufficient_float: { status: 503, title: 'The prepaid balance is insufficient', retryable: true },
  provider_timeout: { status: 504, title: 'The provider did not respond in time', retryable: true },
};

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ProblemCode;
  readonly requestId: string;
  readonly retryable: boolean;
  readonly errors?: FieldError[];
  readonly transactionId?: string;
  readonly provider?: ProviderRefusal;
}

/** The problem document that callers see. */
export function problemBody(
  problem: Problem,
  requestId: string,
  { status, title }: { readonly status?: number; readonly title?: string } = {},
): ProblemBody {
  const known = PROBLEMS[problem.code];
  const { errors, transactionId, provider } = problem.extras;
  return {
    type: `urn:problem:loyalty-gateway:${problem.code}`,
    title: title ?? known.title,
    status: status ?? known.status,
    detail: problem.detail,
    instance: `urn:loyalty-gateway:request:${requestId}`,
    code: problem.code,
    requestId,
    retryable: known.retryable ?? false,
    ...(errors && { errors: [...errors] }),
    ...(transactionId !== undefined && { transactionId }),
    ...(provider && { provider }),
  };
}
