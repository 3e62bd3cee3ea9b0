import { Injectable } from '@nestjs/common';
import { type Answer, json } from '../answer.js';
import { bearer, type Call } from '../call.js';
import { Tokens } from '../tokens.js';
import { CREDENTIALS } from './credentials.js';
import { unauthorized } from './errors.js';
import { LoginBody, readBody } from './requests.js';
import { NAME } from './settings.js';

const TOKEN_SECONDS = 3600;

/** Login and bearer token. */
@Injectable()
export class LatcomAccess {
  constructor(private readonly tokens: Tokens) {}

  /** Returns a refresh token, as documented, although no endpoint accepts it. */
  login(call: Call): Answer {
    const body = readBody(LoginBody, call);
    if (body.customer_id !== CREDENTIALS.customerId || body.secret_key !== CREDENTIALS.secretKey) {
      throw unauthorized('Invalid credentials');
    }
    const { token, seconds } = this.tokens.issue(NAME, TOKEN_SECONDS);
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
    if (!this.tokens.isValid(NAME, token)) throw unauthorized('Invalid or expired token');
  }
}
