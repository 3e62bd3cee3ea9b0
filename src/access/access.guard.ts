import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { refuseCardData, reportCardData } from '../api/card-firewall/card-firewall.js';
import { assertReadable } from '../api/json-body.js';
import { Config } from '../config/config.js';
import { publicId } from '../common/ids.js';
import { logger } from '../common/log.js';
import { metrics } from '../common/metrics.js';
import { Problem } from '../common/problem.js';
import { Authenticator } from './authenticator.service.js';
import { includesRole, type AnyCaller, type AppCaller, type NotifierCaller, type OperatorCaller } from './caller.js';
import { ACCESS_RULE, type AccessRule } from './decorators.js';
import { RateLimiter, type RateDecision } from './rate-limiter.service.js';

const UNAUTHENTICATED = 'Send valid credentials with HTTP Basic: a key id and its secret, or an operator and password.';

/** Authenticates, rate-limits and authorizes every request. A route without a rule is refused. */
@Injectable()
export class AccessGuard extends AuthGuard('basic') {
  constructor(
    private readonly reflector: Reflector,
    private readonly limiter: RateLimiter,
    private readonly config: Config,
    private readonly authenticator: Authenticator,
  ) {
    super({ property: 'caller', session: false });
  }

  /** Returns synchronously for known callers, because awaiting costs turns of the microtask queue. */
  override canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const rule = this.ruleOf(context);
    if (rule === null) throw denied(request, 'no_rule', 'This route is not available.');
    request.accessRule = rule;
    if (rule.kind === 'public') return checkRequest(rule, request);
    const reply = http.getResponse<FastifyReply>();
    const known = this.authenticator.recall(request);
    if (!known) return this.authenticateAndAdmit(rule, context, reply);
    request.caller = known;
    const admitted = this.admit(rule, request, reply);
    return admitted instanceof Promise ? admitted.then(() => checkRequest(rule, request)) : checkRequest(rule, request);
  }

  private async authenticateAndAdmit(
    rule: AccessRule,
    context: ExecutionContext,
    reply: FastifyReply,
  ): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    await super.canActivate(context);
    await this.admit(rule, request, reply);
    return checkRequest(rule, request);
  }

  override handleRequest<User>(error: unknown, user: User | false | null | undefined): User {
    if (error instanceof Error) throw error;
    if (!user) throw new Problem('unauthenticated', UNAUTHENTICATED);
    return user;
  }

  /** null: the route has no rule. */
  private ruleOf(context: ExecutionContext): AccessRule | null {
    const targets = [context.getHandler(), context.getClass()];
    return this.reflector.getAllAndOverride<AccessRule | undefined>(ACCESS_RULE, targets) ?? null;
  }

  private admit(rule: AccessRule, request: FastifyRequest, reply: FastifyReply): void | Promise<void> {
    const { caller } = request;
    if (!caller) throw new Problem('unauthenticated', UNAUTHENTICATED);
    request.gateway.actor = actorOf(caller);
    if (caller.kind !== 'app') return admitByRule(rule, caller, request);
    // Every response to an app contains its rate limit, including refusals.
    const counted = (decision: RateDecision): void => {
      setRateLimitHeaders(decision, reply);
      admitByRule(rule, caller, request);
    };
    const taken = this.limiter.take(caller.appId, caller.rateLimitPerMinute ?? this.config.rateLimitPerMinute);
    return taken instanceof Promise ? taken.then(counted) : counted(taken);
  }
}

/** @throws Problem `rate_limited` */
function setRateLimitHeaders(decision: RateDecision, reply: FastifyReply): void {
  void reply.header('RateLimit-Policy', `"default";q=${decision.limit};w=60`);
  void reply.header('RateLimit', `"default";r=${decision.remaining};t=${decision.resetSeconds}`);
  if (decision.allowed) return;
  throw new Problem('rate_limited', `The limit of ${decision.limit} requests per minute for this app is used up.`, {
    retryAfterSeconds: decision.resetSeconds,
  });
}

/** Checks that run only for authenticated callers. */
function checkRequest(rule: AccessRule, request: FastifyRequest): true {
  if (rule.kind === 'notifier') reportCardData(request);
  else refuseCardData(request);
  assertReadable(request);
  return true;
}

function admitByRule(rule: AccessRule, caller: AnyCaller, request: FastifyRequest): void {
  if (rule.kind === 'partner') admitPartner(rule, caller, request);
  if (rule.kind === 'operator') admitOperator(rule, caller, request);
}

function admitPartner(
  { scope }: Extract<AccessRule, { kind: 'partner' }>,
  caller: AnyCaller,
  request: FastifyRequest,
): void {
  if (caller.kind !== 'app')
    throw denied(request, 'kind', 'This route is for partner apps. Use a key id and its secret.');
  if (scope === null || caller.scopes.includes(scope)) return;
  throw denied(request, 'scope', `The app needs the scope ${scope}. An administrator can grant it.`);
}

function admitOperator(
  { role }: Extract<AccessRule, { kind: 'operator' }>,
  caller: AnyCaller,
  request: FastifyRequest,
): void {
  if (caller.kind !== 'operator')
    throw denied(request, 'kind', 'This route is for operators. Use an operator name and password.');
  if (!includesRole(caller.role, role)) throw denied(request, 'role', `This requires the role ${role}.`);
}

function denied(request: FastifyRequest, why: string, detail: string): Problem {
  metrics.authFailures.inc({ kind: `forbidden_${why}` });
  logger.warn({ requestId: request.id, why, ...request.gateway.actor }, 'access denied');
  return new Problem('forbidden', detail);
}

function actorOf(caller: AppCaller | OperatorCaller | NotifierCaller): FastifyRequest['gateway']['actor'] {
  switch (caller.kind) {
    case 'app':
      return { appId: publicId('app', caller.appId), keyId: publicId('key', caller.keyId) };
    case 'operator':
      return { operatorId: publicId('opr', caller.operatorId) };
    case 'notifier':
      return {};
  }
}
