import { applyDecorators, HttpCode, HttpStatus, type Type } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger';
import { ApiProblems } from '../../api/openapi.js';
import { Operator } from '../decorators.js';

/** A read-only route for every operator. */
export function Inspects(type: Type): MethodDecorator {
  return applyDecorators(Operator('viewer'), ApiOkResponse({ type }), ApiProblems('validation_failed', 'not_found'));
}

/** A route for changes by administrators. Without a response type it answers 204. */
export function Administers({ created, ok }: { created?: Type; ok?: Type }): MethodDecorator {
  const answer = created
    ? [HttpCode(HttpStatus.CREATED), ApiCreatedResponse({ type: created })]
    : ok
      ? [HttpCode(HttpStatus.OK), ApiOkResponse({ type: ok })]
      : [HttpCode(HttpStatus.NO_CONTENT), ApiNoContentResponse({ description: 'Done.' })];
  return applyDecorators(
    Operator('admin'),
    ...answer,
    ApiProblems('validation_failed', 'not_found', 'invalid_state', 'payload_too_large', 'unsupported_media_type'),
  );
}
