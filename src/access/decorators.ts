import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiExtension, ApiSecurity } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiProblems, SECURITY } from '../api/openapi.js';
import type { AnyCaller, Role, Scope } from './caller.js';

/** The callers that may use a route. A route without a rule is refused. */
export type AccessRule =
  | { readonly kind: 'partner'; readonly scope: Scope | null }
  | { readonly kind: 'operator'; readonly role: Role }
  | { readonly kind: 'notifier' }
  | { readonly kind: 'public' };

export const ACCESS_RULE = 'gateway:access-rule';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the access guard. */
    caller?: AnyCaller;
    accessRule?: AccessRule;
  }
}

/** Extensions with the required scope and role: HTTP Basic schemes have no scopes in OpenAPI 3.0. */
const REQUIRED_SCOPE = 'x-required-scope';
const REQUIRED_ROLE = 'x-required-role';

type RouteDecorator = ClassDecorator & MethodDecorator;

function rule(value: AccessRule): RouteDecorator {
  return SetMetadata(ACCESS_RULE, value);
}

/** For partner apps with this scope (null: any app), with a rate limit. For controllers and routes. */
export function Partner(scope: Scope | null = null): RouteDecorator {
  return applyDecorators(
    rule({ kind: 'partner', scope }),
    ApiSecurity(SECURITY.partner),
    ApiExtension(REQUIRED_SCOPE, scope),
    ApiProblems('unauthenticated', 'forbidden', 'card_data_refused', 'rate_limited', 'overloaded', 'internal_error'),
  );
}

/** For operators with this role or a higher one. For controllers and routes; the role of the route overrides. */
export function Operator(role: Role): RouteDecorator {
  return applyDecorators(
    rule({ kind: 'operator', role }),
    ApiSecurity(SECURITY.operator),
    ApiExtension(REQUIRED_ROLE, role),
    ApiProblems('unauthenticated', 'forbidden', 'card_data_refused', 'rate_limited', 'overloaded', 'internal_error'),
  );
}

/** For a provider that sends notifications, with the agreed credentials (two pairs during a rotation). */
export function Notifier(): RouteDecorator {
  return applyDecorators(
    rule({ kind: 'notifier' }),
    ApiSecurity(SECURITY.notifier),
    ApiProblems('unauthenticated', 'rate_limited', 'overloaded', 'internal_error'),
  );
}

/** For all callers, without credentials. */
export function Public(): RouteDecorator {
  return rule({ kind: 'public' });
}

/** The caller: an `AppCaller` under `@Partner`, an `OperatorCaller` under `@Operator`. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext): AnyCaller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!caller) throw new Error('@Caller() is used on a route without authentication');
  return caller;
});
