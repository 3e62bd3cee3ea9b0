import { applyDecorators, HttpCode, HttpStatus, type Type } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiCreatedResponse, ApiHeader, ApiOkResponse } from '@nestjs/swagger';
import { ApiProblems } from '../../api/openapi.js';
import type { ProblemCode } from '../../common/problem.js';
import { TransactionDto } from '../transactions/transaction.dto.js';

const LOCATION = { Location: { description: 'The URL of the transaction.', schema: { type: 'string' as const } } };

const PREFER = ApiHeader({
  name: 'Prefer',
  required: false,
  description:
    'How long to wait for a final result or, on a read, for a change (RFC 7240): `wait=0` to `wait=30` seconds, or `respond-async`.',
  schema: { type: 'string', example: 'wait=10' },
});

/** Keys belong to the app whatever the route, so each route's example is a key of its own. */
function idempotencyKey(example: string): MethodDecorator {
  return ApiHeader({
    name: 'Idempotency-Key',
    required: true,
    description:
      'A key of your choice for this request, 1 to 255 characters, kept for 30 days. Repeat the request with the same key to get its result.',
    schema: { type: 'string', minLength: 1, maxLength: 255, example },
  });
}

/** The body of a submission, if it has one, and one that works as it stands. */
export interface SubmissionDocs {
  readonly body?: Type;
  readonly example?: { readonly reference?: string } & Readonly<Record<string, unknown>>;
  /** An Idempotency-Key for the example; default: made from its reference. */
  readonly key?: string;
  /** When it is not one transaction that is answered. */
  readonly answer?: { readonly type: Type; readonly created: string; readonly accepted: string };
}

/** A route that makes a transaction and sends it to a provider. */
export function SubmitsTransaction(
  { body, example, key = `${example?.reference ?? ''}-1`, answer }: SubmissionDocs,
  ...more: ProblemCode[]
): MethodDecorator {
  return applyDecorators(
    idempotencyKey(key),
    ...(body ? [ApiBody({ type: body, ...(example && { examples: { usual: { value: example } } }) })] : []),
    PREFER,
    ...(answer
      ? [
          ApiCreatedResponse({ type: answer.type, description: answer.created }),
          ApiAcceptedResponse({ type: answer.type, description: answer.accepted }),
        ]
      : [
          ApiCreatedResponse({
            type: TransactionDto,
            headers: LOCATION,
            description: 'The transaction reached a final status within the wait.',
          }),
          ApiAcceptedResponse({
            type: TransactionDto,
            headers: LOCATION,
            description: 'Recorded durably; the transaction is not final yet.',
          }),
        ]),
    ApiProblems(
      'validation_failed',
      'idempotency_key_missing',
      'idempotency_key_reused',
      'reference_conflict',
      'payload_too_large',
      'unsupported_media_type',
      'overloaded',
      ...more,
    ),
  );
}

/** A question that goes straight through to a provider: nothing is recorded, and so no key is needed. */
export function AsksProvider(
  { body, example }: { readonly body: Type; readonly example: Readonly<Record<string, unknown>> },
  ...more: ProblemCode[]
): MethodDecorator {
  return applyDecorators(
    HttpCode(HttpStatus.OK),
    ApiBody({ type: body, examples: { usual: { value: example } } }),
    ApiOkResponse({
      description: "The provider's JSON, unchanged.",
      schema: { type: 'object', additionalProperties: true },
    }),
    ApiProblems(
      'validation_failed',
      'payload_too_large',
      'unsupported_media_type',
      'card_data_refused',
      'provider_error',
      'provider_unavailable',
      'provider_timeout',
      ...more,
    ),
  );
}

/** A route that answers one transaction as it is now, or, with `Prefer: wait`, as soon as it has changed. */
export function ReadsTransaction(): MethodDecorator {
  return applyDecorators(
    PREFER,
    ApiOkResponse({ type: TransactionDto }),
    ApiProblems('validation_failed', 'not_found'),
  );
}

/** A route that answers what is there. */
export function Reads(type: Type, ...more: ProblemCode[]): MethodDecorator {
  return applyDecorators(ApiOkResponse({ type }), ApiProblems('validation_failed', 'not_found', ...more));
}

/** A route that checks a submission and neither records nor sends it. */
export function ChecksSubmission(body: Type, example: object, answer: Type): MethodDecorator {
  return applyDecorators(
    HttpCode(HttpStatus.OK),
    ApiBody({ type: body, examples: { usual: { value: example } } }),
    ApiOkResponse({ type: answer }),
    ApiProblems('validation_failed', 'payload_too_large', 'unsupported_media_type', 'card_data_refused'),
  );
}

/** A body with one that works as it stands, where its members' own examples cannot all be sent at once. */
export function Takes(body: Type, example: object): MethodDecorator {
  return ApiBody({ type: body, examples: { usual: { value: example } } });
}

/** An act on one transaction that is possible in certain states only. */
export function ChangesTransaction(body?: Type, example: object = {}): MethodDecorator {
  return applyDecorators(
    ...(body ? [Takes(body, example)] : []),
    HttpCode(HttpStatus.OK),
    ApiOkResponse({ type: TransactionDto }),
    ApiProblems('validation_failed', 'not_found', 'invalid_state', 'forbidden'),
  );
}
