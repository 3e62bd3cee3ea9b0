import { Injectable } from '@nestjs/common';
import { json } from '../answer.js';
import { type Call, header } from '../call.js';
import { type Outcome } from '../exchange.js';
import { MagicInputs } from '../magic-inputs.js';
import { invalidContent, notFound } from './errors.js';
import { findMember } from './find-member.js';
import { magicOf } from './magic.js';
import { readBody, SearchBody } from './requests.js';

/** The members that each value of `x-scope` adds to the answer. The shape is assumed. */
const SCOPES: Readonly<Record<string, Record<string, unknown>>> = {
  'member-status': { status: 'ACTIVE' },
  'member-tier': { tier: 'GOLD' },
  'member-balance': { balance: 12_345 },
  'member-segment': { segment: 'STANDARD' },
  'member-language': { language: 'es' },
  'member-coalition': { coalition: null },
  'member-enrollment': { enrollmentDate: '2019-03-14' },
  'member-name': { firstName: 'ANA', lastName: 'PEREZ' },
  'member-email': { email: 'ana.perez@example.com' },
  'member-document': { document: { documentType: 'CPF', issueCountryCode: 'BR' } },
  'member-birthdate': { birthDate: '1990-01-31' },
  'member-address': { address: { city: 'Santiago', countryCode: 'CL' } },
};

/** "Search member", version 1. */
@Injectable()
export class Members {
  constructor(private readonly magicInputs: MagicInputs) {}

  search(call: Call): Outcome {
    const scopes = (header(call, 'x-scope') ?? '').split(',').map((scope) => scope.trim());
    const unknown = scopes.filter((scope) => !Object.hasOwn(SCOPES, scope));
    if (unknown.length > 0)
      throw invalidContent({ 'x-scope': `must list known scopes, not "${unknown.join('", "')}"` });

    const body = readBody(SearchBody, call);
    const ffn = findMember(body, 'ffn');
    const magic = magicOf(body.ffn);
    if (magic.refuse) throw invalidContent({ ffn: 'must not be this one' });
    const fault = this.magicInputs.meet(magic.fault, `search ${call.body}`);
    if (ffn === undefined) throw notFound('Member not found');
    const fields = scopes.flatMap((scope) => Object.entries(SCOPES[scope] ?? {}));
    const member = { ffn, ...Object.fromEntries(fields) };
    return { answer: json(200, { member }), fault };
  }
}
