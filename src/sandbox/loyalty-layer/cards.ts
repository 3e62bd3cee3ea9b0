import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { IsString } from 'class-validator';
import { type Answer, json } from '../answer.js';
import { type Effect } from '../effects.js';
import { Journal } from '../journal.js';
import { isObject, readJson } from '../parse.js';
import { Report } from '../report.js';
import { type Table } from '../table.js';
import { CREDENTIALS } from './credentials.js';
import { invalidRequest, refusal } from './errors.js';
import { planOf } from './plans.js';
import { type TokenizeBody } from './requests.js';
import { NAME } from './settings.js';

class EnrolToken {
  @IsString() id: string;
  @IsString() at: string;
  @IsString() planId: string;
}

const ISSUED_PREFIX = 'enrol_';

/** Tokenized enrolment. The card's data stay inside the JWE, which is never opened here. */
@Injectable()
export class Cards {
  private readonly tokens: Table<EnrolToken>;
  private keys: object | undefined;

  constructor(journal: Journal, report: Report) {
    this.tokens = journal.table('enrol-token', EnrolToken);
    report.add(NAME, this);
  }

  /** An RSA public key as a JWK set. The shape is assumed: the guide does not show it. */
  encryptionKeys(): Answer {
    this.keys ??= newKeys();
    return json(200, this.keys);
  }

  tokenize(body: TokenizeBody): Answer {
    planOf(body.plan_id);
    if (!isJwe(body.encrypted_value)) throw invalidRequest({ encrypted_value: 'must be a JWE in compact form' });
    const id = `${ISSUED_PREFIX}${randomUUID()}`;
    this.tokens.put({ id, at: new Date().toISOString(), planId: body.plan_id });
    return json(200, { enrol_token: id });
  }

  /** Accepts the mock token of UAT, issued tokens, and any text that looks neither issued nor bad. */
  check(token: string | undefined, required: boolean): void {
    if (token === undefined) {
      if (required) throw refusal(400, 'invalid_enrol_token', 'enrol_token is required for this plan_id');
      return;
    }
    const looksBad = /^(?:invalid|expired)-/.test(token) || !/^[\w.-]+$/.test(token);
    const notIssued = token.startsWith(ISSUED_PREFIX) && !this.tokens.get(token);
    if (token !== CREDENTIALS.mockEnrolToken && (looksBad || notIssued)) {
      throw refusal(400, 'invalid_enrol_token', 'Provided enrol_token is invalid or expired');
    }
  }

  effects(): Effect[] {
    return this.tokens.all().map(({ id, at, planId }) => ({
      kind: 'tokenize',
      at,
      key: planId,
      providerReference: id,
      outcome: 'issued',
      quantity: null,
      detail: { planId },
    }));
  }
}

function newKeys(): object {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'enc', alg: 'RSA-OAEP-256' }] };
}

/** Five base64url parts; the first is a JSON object with `alg` and `enc` (RFC 7516). */
function isJwe(text: string): boolean {
  const parts = text.split('.');
  const [first] = parts;
  if (first === undefined || parts.length !== 5 || !parts.every((part) => /^[\w-]+$/.test(part))) return false;
  const protectedHeader = readJson(Buffer.from(first, 'base64url').toString('utf8'));
  return (
    isObject(protectedHeader) && typeof protectedHeader.alg === 'string' && typeof protectedHeader.enc === 'string'
  );
}
