import { Inject, Injectable } from '@nestjs/common';
import { type ClassConstructor } from 'class-transformer';
import { type Answer, json } from '../answer.js';
import { bearer, type Call, isMediaType } from '../call.js';
import { parseJson } from '../parse.js';
import { SETTINGS, type SandboxSettings } from '../settings.js';
import { Tokens } from '../tokens.js';
import { badRequest, unauthorized } from './errors.js';
import { LoginBody } from './requests.js';

/** Login and bearer token. */
@Injectable()
export class LatcomAccess {
  constructor(
    @Inject(SETTINGS) private readonly settings: SandboxSettings,
    private readonly tokens: Tokens,
  ) {}

  /** The refresh token is there as documented; no endpoint takes it. */
  login(call: Call): Answer {
    const { customerId, secretKey } = this.settings.credentials.latcom;
    const body = readBody(LoginBody, call);
    if (body.customer_id !== customerId || body.secret_key !== secretKey) throw unauthorized('Invalid credentials');
    const { token, seconds } = this.tokens.issue('latcom', 3600);
    return json(200, {
      success: true,
      access_token: token,
      refresh_token: `refresh-${token}`,
      token_type: 'Bearer',
      expires_in: seconds,
    });
  }

  checkToken(call: Call): void {
    const token = bearer(call);
    if (token === undefined) throw unauthorized('Missing Bearer token');
    if (!this.tokens.isValid('latcom', token)) throw unauthorized('Invalid or expired token');
  }
}

export function readBody<T extends object>(type: ClassConstructor<T>, call: Call): T {
  if (!isMediaType(call, 'application/json')) throw badRequest('Content-Type must be application/json');
  const parsed = parseJson(type, call.body);
  if (!parsed.ok) throw badRequest(Object.values(parsed.problems).join('; '));
  return parsed.value;
}
