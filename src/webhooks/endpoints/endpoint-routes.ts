import { applyDecorators, HttpCode, HttpStatus, type Type } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse } from '@nestjs/swagger';
import { ApiProblems } from '../../api/openapi.js';
import type { ProblemCode } from '../../common/problem.js';
import { Reads } from '../../operations/http/openapi.decorators.js';
import { SecretDto } from './endpoint.dto.js';

/** A route that registers an endpoint. */
export function Creates(type: Type): MethodDecorator {
  return applyDecorators(
    ApiCreatedResponse({ type }),
    ApiProblems('validation_failed', 'not_found', 'invalid_state', 'payload_too_large', 'unsupported_media_type'),
  );
}

/** A route that changes an endpoint and returns it. */
export function Changes(type: Type): MethodDecorator {
  return applyDecorators(HttpCode(HttpStatus.OK), Reads(type, 'invalid_state'));
}

/** A route that deletes an endpoint. */
export function Removes(): MethodDecorator {
  const deleted = ApiNoContentResponse({ description: 'Deleted.' });
  return applyDecorators(HttpCode(HttpStatus.NO_CONTENT), deleted, ApiProblems('not_found', 'invalid_state'));
}

/** A route that returns a new secret. */
export function Rotates(...more: ProblemCode[]): MethodDecorator {
  return applyDecorators(HttpCode(HttpStatus.OK), Reads(SecretDto, ...more));
}
