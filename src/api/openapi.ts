import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { ProblemCode } from '../common/problem.js';

/** Prefix of the marks for a route's problems. `document.ts` replaces the marks by full responses. */
export const PROBLEM_MARK = 'x-problem-';

/** Names of the security schemes in the document. */
export const SECURITY = { partner: 'partner', operator: 'operator', notifier: 'notifier' } as const;

/**
 * Documents the problems of a route, or of every route of a controller. Access decorators already add 401, 403, 429,
 * 500 and 503. The decorator may be repeated; the lists add up.
 */
export function ApiProblems(...codes: ProblemCode[]): ClassDecorator & MethodDecorator {
  return applyDecorators(...codes.map((code) => ApiExtension(PROBLEM_MARK + code, true)));
}
