import { applyDecorators, HttpCode, HttpStatus, type Type } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiCreatedResponse, ApiHeader, ApiOkResponse } from '@nestjs/swagger';
import { ApiProblems } from '../../api/openapi.js';
import type { ProblemCode } from '../../common/problem.js';
import { Takes } from '../http/openapi.decorators.js';
import { TransactionDto } from './transaction.dto.js';

const LOCATION = { Location: { description: 'The URL of the transaction.', schema: { type: 'string' as const } } };

const PREFER = ApiHeader({
  name: 'Prefer',
  required: false,
  description:
    'How long to wait for a final result or, on a read, for a change (RFC 7240): `wait=0` to `wait=30` seconds, or `respond-async`.',
  schema: { type: 'string', example: 'wait=10' },
});

/** Keys are unique in the app, across routes: each route's example is a different key. */
function idempotencyKey(example: string): MethodDecorator {
  return ApiHeader({
    name: 'Idempotency-Key',
    required: true,
    description:
      'A key of your choice for this request, 1 to 255 characters, kept for 30 days. Repeat the request with the same key to get its result.',
    schema: { type: 'string', minLength: 1, maxLength: 255, example },
  });
}

/** The body of a submission, if it has one, and an example that works as it is. */
export interface SubmissionDocs {
  readonly body?: Type;
  readonly example?: { readonly reference?: string } & Readonly<Record<string, unknown>>;
  /** The Idempotency-Key of the example. Default: its reference with the suffix `-1`. */
  readonly key?: string;
  /** Type and descriptions of the responses, if they are not one transaction. */
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

/** A route that returns one transaction: its current state or, with `Prefer: wait`, the next change. */
export function ReadsTransaction(): MethodDecorator {
  return applyDecorators(
    PREFER,
    ApiOkResponse({ type: TransactionDto }),
    ApiProblems('validation_failed', 'not_found'),
  );
}

/** An action on one transaction that is possible in certain states only. */
export function ChangesTransaction(body?: Type, example: object = {}): MethodDecorator {
  return applyDecorators(
    ...(body ? [Takes(body, example)] : []),
    HttpCode(HttpStatus.OK),
    ApiOkResponse({ type: TransactionDto }),
    ApiProblems('validation_failed', 'not_found', 'invalid_state', 'forbidden'),
  );
}
