import { Injectable } from '@nestjs/common';
import { type Answer, json, Refusal } from '../answer.js';
import { bearer, type Call } from '../call.js';
import { Tokens } from '../tokens.js';
import { CREDENTIALS } from './credentials.js';
import { loyaltyLayerError, rateLimitExceeded, refusal } from './errors.js';
import { RateWindow } from './rate-window.js';
import { readBody, TokenBody } from './requests.js';
import { NAME } from './settings.js';

const TOKEN_SECONDS = 1800;

/** Login, token and rate limit: "Authentication Overview" and "Rate and Usage Limits". */
@Injectable()
export class LoyaltyLayerAccess {
  constructor(
    private readonly tokens: Tokens,
    private readonly window: RateWindow,
  ) {}

  /** The answer to an address that is over its limit. */
  overLimit(call: Call): Answer | undefined {
    const waitSeconds = this.window.admit(call.ip);
    return waitSeconds === undefined ? undefined : rateLimitExceeded(waitSeconds);
  }

  issueToken(call: Call): Answer {
    const body = readBody(TokenBody, call);
    if (body.client_id !== CREDENTIALS.clientId || body.client_secret !== CREDENTIALS.clientSecret) {
      throw refusal(401, 'invalid_client', 'Client authentication failed.');
    }
    const { token, seconds } = this.tokens.issue(NAME, TOKEN_SECONDS);
    return json(200, { access_token: token, token_type: 'Bearer', expires_in: seconds });
  }

  checkToken(call: Call): void {
    const token = bearer(call);
    if (token === undefined) throw refusal(401, 'unauthorized', 'Missing or invalid Authorization header.');
    if (!this.tokens.isValid(NAME, token)) throw new Refusal(loyaltyLayerError(401, 0));
  }
}
