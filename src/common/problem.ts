/**
 * The codes of the domain's errors; they are part of the public contract and stable. A `Problem` describes the error in
 * the caller's terms. Only `api/problem.filter.ts` decides its HTTP status.
 */
export const PROBLEM_CODES = [
  'validation_failed',
  'idempotency_key_missing',
  'idempotency_key_reused',
  'unauthenticated',
  'forbidden',
  'not_found',
  'reference_conflict',
  'invalid_state',
  'possible_duplicate',
  'payload_too_large',
  'unsupported_media_type',
  'card_data_refused',
  'qr_too_long',
  'rate_limited',
  'internal_error',
  'provider_error',
  'provider_unavailable',
  'provider_timeout',
  'overloaded',
  'insufficient_float',
] as const;

export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** One fault of the request: its place (RFC 6901 JSON pointer; `?name` for a query parameter) and a message. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

/** The provider's refusal, as far as a caller may see it. */
export interface ProviderRefusal {
  readonly name: string;
  readonly code: string | null;
  readonly message: string;
  readonly instructions: string | null;
}

export interface ProblemExtras {
  readonly errors?: readonly FieldError[];
  /** The transaction that conflicts with the request; never one of another app. */
  readonly transactionId?: string;
  readonly provider?: ProviderRefusal;
  /** Seconds after which the same request may succeed; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** An error that a caller can act on. The caller sees `detail`: never put personal data or secrets into it. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(`${code}: ${detail}`, { cause: extras.cause });
  }

  /** A request body or query that breaks a rule; `errors` names every field. */
  static validation(errors: readonly FieldError[]): Problem {
    const where = errors.map((error) => error.pointer || '/').join(', ');
    return new Problem('validation_failed', `The request is not valid: see errors (${where}).`, { errors });
  }

  static invalid(pointer: string, message: string): Problem {
    return Problem.validation([{ pointer, message }]);
  }

  /** Also for data of another app: a caller must not learn that it exists. */
  static notFound(what: string): Problem {
    return new Problem('not_found', `There is no such ${what}.`);
  }
}
