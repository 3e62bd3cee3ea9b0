import { Inject, Injectable } from '@nestjs/common';
import { type ClassConstructor } from 'class-transformer';
import { type Answer, json, Refusal } from '../answer.js';
import { bearer, type Call, isMediaType } from '../call.js';
import { parseJson } from '../parse.js';
import { SETTINGS, type SandboxSettings } from '../settings.js';
import { Tokens } from '../tokens.js';
import { invalidRequest, loyaltyLayerError, rateLimitExceeded, refusal } from './errors.js';
import { TokenBody } from './requests.js';
import { RateWindow } from './rate-window.js';

/** Who may call: "Authentication Overview" and "Rate and Usage Limits". */
@Injectable()
export class LoyaltyLayerAccess {
  constructor(
    @Inject(SETTINGS) private readonly settings: SandboxSettings,
    private readonly tokens: Tokens,
    private readonly window: RateWindow,
  ) {}

  /** The answer to an address that is over its limit. */
  overLimit(call: Call): Answer | undefined {
    const waitSeconds = this.window.admit(call.ip);
    return waitSeconds === undefined ? undefined : rateLimitExceeded(waitSeconds);
  }

  issueToken(call: Call): Answer {
    const { clientId, clientSecret } = this.settings.credentials.loyaltyLayer;
    const body = readBody(TokenBody, call);
    if (body.client_id !== clientId || body.client_secret !== clientSecret) {
      throw refusal(401, 'invalid_client', 'Client authentication failed.');
    }
    const { token, seconds } = this.tokens.issue('loyalty-layer', 1800);
    return json(200, { access_token: token, token_type: 'Bearer', expires_in: seconds });
  }

  checkToken(call: Call): void {
    const token = bearer(call);
    if (token === undefined) throw refusal(401, 'unauthorized', 'Missing or invalid Authorization header.');
    if (!this.tokens.isValid('loyalty-layer', token)) throw new Refusal(loyaltyLayerError(401, 0));
  }
}

export function readBody<T extends object>(type: ClassConstructor<T>, call: Call): T {
  if (!isMediaType(call, 'application/json')) throw invalidRequest({ 'content-type': 'must be application/json' });
  const parsed = parseJson(type, call.body);
  if (!parsed.ok) throw invalidRequest(parsed.problems);
  return parsed.value;
}
