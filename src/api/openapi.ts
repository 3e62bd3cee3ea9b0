import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { ProblemCode } from '../common/problem.js';

/** Marks of the problems of a route, replaced by full responses when the document is made; see `document.ts`. */
export const PROBLEM_MARK = 'x-problem-';

/** Names of the security schemes in the document. */
export const SECURITY = { partner: 'partner', operator: 'operator', notifier: 'notifier' } as const;

/**
 * Documents what a route, or every route of a controller, may refuse with. Those that an access decorator brings along
 * (401, 403, 429, 500, 503) need not be named again. May be given several times: the lists add up.
 */
export function ApiProblems(...codes: ProblemCode[]): ClassDecorator & MethodDecorator {
  return applyDecorators(...codes.map((code) => ApiExtension(PROBLEM_MARK + code, true)));
}
