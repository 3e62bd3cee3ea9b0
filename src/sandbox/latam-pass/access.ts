import { Injectable } from '@nestjs/common';
import { type Answer, json } from '../answer.js';
import { type Call, header, isMediaType } from '../call.js';
import { Tokens } from '../tokens.js';
import { CREDENTIALS } from './credentials.js';
import { invalidContent, tokenRefusal, unauthorized } from './errors.js';
import { NAME, PATH } from './settings.js';

const TEST_HEADER = 'x-latam-test';
const TOKEN_SECONDS = 3600;

/** Tokens and headers of the "Quick Start". */
@Injectable()
export class LatamPassAccess {
  constructor(private readonly tokens: Tokens) {}

  issueToken(call: Call): Answer {
    const { clientId, clientSecret } = CREDENTIALS;
    if (!isMediaType(call, 'application/x-www-form-urlencoded')) {
      throw tokenRefusal('Content-Type must be application/x-www-form-urlencoded');
    }
    const code = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    if (header(call, 'authorization') !== `Basic ${code}`) {
      throw tokenRefusal('Invalid client_id in Authorization header');
    }
    if (header(call, 'client_id') !== clientId) throw tokenRefusal('Invalid client_id header');
    const form = new URLSearchParams(call.body);
    if (form.get('grant_type') !== 'client_credentials') throw tokenRefusal('grant_type must be client_credentials');
    const { token, seconds } = this.tokens.issue(NAME, TOKEN_SECONDS);
    return json(201, { access_token: token, token_type: 'Bearer', expires_in: seconds });
  }

  /** Checks the headers that every business request must have, and those that it must not have. */
  checkHeaders(call: Call): void {
    if (header(call, 'authorization') !== undefined) {
      throw invalidContent({ authorization: 'must not be sent here: the token goes into the header access_token' });
    }
    if (header(call, 'client_id') !== CREDENTIALS.clientId) throw unauthorized();
    if (!this.tokens.isValid(NAME, header(call, 'access_token') ?? '')) throw unauthorized();
    const inSandbox = call.path.startsWith(`/${PATH}/sandbox/`);
    const testHeader = header(call, TEST_HEADER);
    if (inSandbox && testHeader !== 'LatamPass') {
      throw invalidContent({ [TEST_HEADER]: 'must be LatamPass in the test environment' });
    }
    if (!inSandbox && testHeader !== undefined) {
      throw invalidContent({ [TEST_HEADER]: 'must not be used in the production environment' });
    }
  }
}
