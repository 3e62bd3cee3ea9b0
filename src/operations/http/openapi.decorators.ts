import { applyDecorators, HttpCode, HttpStatus, type Type } from '@nestjs/common';
import { ApiBody, ApiOkResponse } from '@nestjs/swagger';
import { ApiProblems } from '../../api/openapi.js';
import type { ProblemCode } from '../../common/problem.js';

/** A route that queries a provider: nothing is recorded, so no key is needed. */
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

/** A route that reads. */
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

/** A body with an example that works as it is, for DTOs whose members' examples cannot all be sent at once. */
export function Takes(body: Type, example: object): MethodDecorator {
  return ApiBody({ type: body, examples: { usual: { value: example } } });
}
