import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { IsString } from 'class-validator';
import { type Answer, json } from '../answer.js';
import { type Effect } from '../effects.js';
import { Journal } from '../journal.js';
import { isObject, readJson } from '../parse.js';
import { type Table } from '../table.js';
import { LOYALTY_LAYER_DEMO } from '../credentials.js';
import { invalidRequest, refusal } from './errors.js';
import { planOf } from './plans.js';
import { type TokenizeBody } from './requests.js';

class EnrolToken {
  @IsString() id: string;
  @IsString() at: string;
  @IsString() planId: string;
}

const ISSUED_PREFIX = 'enrol_';

/** Tokenized enrolment: the card's data stay inside the JWE, which nobody opens here. */
@Injectable()
export class Cards {
  private readonly tokens: Table<EnrolToken>;
  private keys: object | undefined;

  constructor(journal: Journal) {
    this.tokens = journal.table('enrol-token', EnrolToken);
  }

  /** An RSA public key as a JWK set; the guide does not show the shape. */
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

  /** The mock token of UAT, what was issued here, and anything that does not look like an issued or a bad one. */
  check(token: string | undefined, required: boolean): void {
    if (token === undefined) {
      if (required) throw refusal(400, 'invalid_enrol_token', 'enrol_token is required for this plan_id');
      return;
    }
    const looksBad = /^(?:invalid|expired)-/.test(token) || !/^[\w.-]+$/.test(token);
    const notIssued = token.startsWith(ISSUED_PREFIX) && !this.tokens.get(token);
    if (token !== LOYALTY_LAYER_DEMO.mockEnrolToken && (looksBad || notIssued)) {
      throw refusal(400, 'invalid_enrol_token', 'Provided enrol_token is invalid or expired');
    }
  }

  effects(): Effect[] {
    return this.tokens.all().map(({ id, at, planId }) => ({
      provider: 'loyalty-layer',
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

/** Five base64url parts, the first of which is a JSON object that names `alg` and `enc` (RFC 7516). */
function isJwe(text: string): boolean {
  const parts = text.split('.');
  const [first] = parts;
  if (first === undefined || parts.length !== 5 || !parts.every((part) => /^[\w-]+$/.test(part))) return false;
  const protectedHeader = readJson(Buffer.from(first, 'base64url').toString('utf8'));
  return (
    isObject(protectedHeader) && typeof protectedHeader.alg === 'string' && typeof protectedHeader.enc === 'string'
  );
}
