import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { parseRecord, parseRecordInParts, type JsonRecord } from '../../../readers/json.js';
import { textOf, messageOf } from '../../../readers/record.js';
import type { ProviderRefusal } from '../../../common/problem.js';
import { REFUSED_BY_EDGE } from '../../../connector/connector.js';
import { infrastructure, type MemberDocument } from '../accruals/accrual.mapping.js';
import { isOwnError } from '../errors.js';

/*
 * Request and response of LATAM Pass's "Search member" API, version 1. Pure. No document specifies the nesting of the body:
 * this file alone decides it.
 */

/** All values for `x-scope`. The first seven concern the membership, the others the person. */
export const MEMBER_SCOPES = [
  'member-status',
  'member-tier',
  'member-balance',
  'member-segment',
  'member-language',
  'member-coalition',
  'member-enrollment',
  'member-name',
  'member-email',
  'member-document',
  'member-birthdate',
  'member-address',
] as const;

export type MemberScope = (typeof MEMBER_SCOPES)[number];

export interface MemberQuery {
  readonly ffn?: string | undefined;
  readonly document?: MemberDocument | undefined;
}

export function searchBody({ ffn, document }: MemberQuery): string {
  return JSON.stringify({ ffn, document });
}

/** The value of `x-scope`: comma-separated, in the caller's order. */
export function scopeHeader(scopes: readonly MemberScope[]): string {
  return scopes.join(',');
}

export type SearchReading =
  /** The provider's JSON, byte for byte: parsing and writing it again could change long numbers. */
  | { readonly kind: 'found'; readonly json: string }
  | { readonly kind: 'no-member'; readonly refusal: ProviderRefusal }
  | { readonly kind: 'refused'; readonly refusal: ProviderRefusal };

/** @throws ProviderError `doubtful` when the response is not clear */
export function readSearchReply(reply: HttpReply): SearchReading {
  if (reply.status >= 200 && reply.status < 300) {
    // Returned unchanged, even if a JSON member occurs twice: the caller must decide which value to use.
    if (!parseRecordInParts(reply.body)) throw infrastructure(reply, 'unreadable_answer');
    return { kind: 'found', json: reply.body.replace(/^\uFEFF/, '') };
  }
  if (reply.status >= 400 && reply.status < 500) {
    const body = parseRecord(reply.body);
    if (!body || !isOwnError(body)) throw infrastructure(reply, REFUSED_BY_EDGE);
    const refusal = refusalOf(reply.status, body);
    return { kind: isNoMember(reply.status, body) ? 'no-member' : 'refused', refusal };
  }
  throw infrastructure(reply, reply.status < 400 ? 'redirected' : 'server_error');
}

/** A wrong base URL returns 404 too (document "Issues and solutions"), so only a business error means an unknown member. */
export function isNoMember(status: number, body: JsonRecord): boolean {
  return status === 404 && isOwnError(body);
}

function refusalOf(status: number, body: JsonRecord): ProviderRefusal {
  return {
    name: 'latam-pass',
    code: textOf(body, 'code') ?? String(status),
    message: messageOf(body, 'message') ?? 'LATAM Pass rejected the request.',
    instructions: messageOf(body, 'instructions'),
  };
}
