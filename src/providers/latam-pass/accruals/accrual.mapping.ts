import { comparableId } from '../../../common/ids.js';
import type { Failure } from '../../../ledger/model/transaction.js';
import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { requestedPause } from '../../../outbound/retry-after.js';
import { isRecord, parseRecord, type JsonRecord } from '../../../readers/json.js';
import { idOf, recordOf, textOf, messageOf } from '../../../readers/record.js';
import { ProviderError, REFUSED_BY_EDGE } from '../../../connector/connector.js';
import { edgeReference, isOwnError } from '../errors.js';

/*
 * The request of an accrual, and the response to it. Pure. No document specifies field names and nesting for v2: this file
 * alone decides them.
 */

export interface MemberDocument {
  readonly documentId: string;
  readonly documentType: string;
  readonly issueCountryCode: string;
}

export interface Member {
  readonly ffn?: string | undefined;
  readonly document?: MemberDocument | undefined;
  readonly email?: string | undefined;
}

export interface AccrualOrder {
  readonly transactionId: string;
  readonly reference: string;
  readonly partnerId: string;
  readonly productId: string;
  readonly member: Member;
  readonly points: number;
  /** RFC 3339 as the caller gave it. */
  readonly occurredAt: string;
  readonly description?: string | undefined;
}

/** The exact bytes of an accrual (document "Quick Start", table of fields). Every try sends the same bytes. */
export function accrualBody(order: AccrualOrder): string {
  const { ffn, document, email } = order.member;
  return JSON.stringify({
    member: { ffn, document, email },
    partner: {
      partnerId: order.partnerId,
      productId: order.productId,
      partnerAccrualId: order.transactionId,
      partnerTransactionId: order.reference,
      partnerOriginalDateTime: partnerDateTime(order.occurredAt),
    },
    points: order.points,
    description: order.description,
  });
}

/** The same accrual with new points and description. Everything else keeps its bytes. */
export function amendedBody(body: string, change: { points: number; description: string | null }): string {
  const accrual = parseRecord(body);
  if (!accrual) throw new Error('the stored body of an accrual is not a JSON object');
  return JSON.stringify({ ...accrual, points: change.points, description: change.description ?? undefined });
}

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:([Zz])|([+-]\d\d:\d\d))$/;

/** `yyyy-MM-dd'T'HH:mm:ss.SSSXXX`: with the caller's offset, and always three digits of milliseconds. */
export function partnerDateTime(rfc3339: string): string {
  const found = RFC3339.exec(rfc3339);
  if (!found) throw new RangeError('not an RFC 3339 date-time');
  const [, date = '', time = '', fraction = '', zulu, offset = 'Z'] = found;
  return `${date}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}${zulu ? 'Z' : offset}`;
}

export type AccrualReading =
  | { readonly kind: 'accepted'; readonly correlationId: string | null }
  | { readonly kind: 'duplicate'; readonly failure: Failure }
  | { readonly kind: 'declined'; readonly failure: Failure; readonly correlationId: string | null };

/** Reads the response to an accrual. @throws ProviderError `doubtful` when it is not clear */
export function readAccrualReply(reply: HttpReply): AccrualReading {
  const body = parseRecord(reply.body);
  if (reply.status === 204) return { kind: 'accepted', correlationId: null };
  if (reply.status >= 200 && reply.status < 300) {
    const correlationId = correlationOf(body);
    if (correlationId === null) throw infrastructure(reply, 'unreadable_answer');
    return { kind: 'accepted', correlationId };
  }
  if (reply.status >= 400 && reply.status < 500) {
    if (!body || !isOwnError(body)) throw infrastructure(reply, REFUSED_BY_EDGE);
    const failure = requestFailure(reply.status, body);
    // Their support asks for the correlationId of a refusal. That of a duplicate may belong to another accrual.
    return isDuplicate(body)
      ? { kind: 'duplicate', failure }
      : { kind: 'declined', failure, correlationId: correlationOf(body) };
  }
  throw infrastructure(reply, reply.status < 400 ? 'redirected' : 'server_error');
}

/** The correlationId in the form in which it is stored and compared. */
export function correlationOf(body: JsonRecord | null): string | null {
  const id = idOf(body, 'correlationId') ?? idOf(recordOf(body, 'trace'), 'correlationId');
  return id === null ? null : comparableId(id);
}

/** Document "Common errors": `Duplicate correlationId or other unique fields`. */
function isDuplicate(body: JsonRecord): boolean {
  return /duplicate/i.test(JSON.stringify([body['message'], body['instructions'], body['details'], body['errors']]));
}

/** The failure for a request that LATAM Pass rejected. */
export function requestFailure(status: number, body: JsonRecord): Failure {
  const errors = body['errors'];
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const words = messageOf(body, 'message') ?? (isRecord(first) ? messageOf(first, 'message') : null);
  const message = [words, ...refusedFields(body['details'])].filter((part) => part !== null).join(': ') || null;
  return {
    code: 'refused_by_provider',
    message: 'LATAM Pass rejected the request.',
    instructions: messageOf(body, 'instructions') ?? 'Correct the request and send a new one with a new reference.',
    category: 'request',
    provider: { code: textOf(body, 'code') ?? String(status), message },
    retryable: false,
  };
}

/** The names of the rejected fields, joined. Their messages are left out: they may repeat personal values. */
function refusedFields(details: unknown): string[] {
  const records = (Array.isArray(details) ? details : [details]).filter(isRecord);
  const names = records
    .flatMap((record) => Object.keys(record))
    .filter((name) => /^[A-Za-z][\w.[\]]{0,79}$/.test(name));
  return names.length === 0 ? [] : [names.slice(0, 10).join(', ')];
}

/** An unclear response. Only the reference is kept of a firewall's page, because support asks for it. */
export function infrastructure(reply: HttpReply, reason: string): ProviderError {
  const reference = edgeReference(reply.body);
  return new ProviderError('doubtful', reason, {
    ...requestedPause(reply),
    evidence: { httpStatus: reply.status, ...(reference !== null && { edgeReference: reference }) },
  });
}
