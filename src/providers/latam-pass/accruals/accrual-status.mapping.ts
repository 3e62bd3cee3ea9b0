import type { Failure } from '../../../ledger/model/transaction.js';
import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { isRecord, parseRecord, type JsonRecord } from '../../../readers/json.js';
import { idOf, recordOf, textOf, messageOf } from '../../../readers/record.js';
import type { NotificationReading, Outcome } from '../../../connector/connector.js';
import { isOwnError } from '../errors.js';
import { correlationOf, infrastructure } from './accrual.mapping.js';
import { REASONS, UNKNOWN_REASON } from './accrual.reasons.js';

/* The result of an accrual, as a status query or a notification reports it. Pure. */

/** A 404 that a gateway in front of LATAM Pass wrote says nothing about the accrual. One without a body means "not visible yet". */
export function isUnroutedQuery({ status, body }: HttpReply): boolean {
  const record = parseRecord(body);
  return status === 404 && (!record || Object.keys(record).length > 0) && !(record && isOwnError(record));
}

export interface FoundAccrual {
  readonly correlationId: string | null;
  /** null: not final yet. */
  readonly end: Extract<Outcome, { kind: 'succeeded' | 'declined' }> | null;
}

export interface OwnIds {
  readonly transactionId: string;
  readonly correlationId: string | null;
}

/**
 * The accrual in the response to a status query; null: not visible yet, which never means "canceled". The response may list
 * other accruals too: only a row with our own ids counts.
 * @throws ProviderError when the response cannot be read
 */
export function readAccrualStatus(reply: HttpReply, ids: OwnIds): FoundAccrual | null {
  const body = parseRecord(reply.body);
  if (reply.status === 404) return null;
  if (reply.status === 204) return null;
  if (reply.status < 200 || reply.status >= 300 || !body) throw infrastructure(reply, 'status_query_failed');
  const row = rowsOf(body).find((candidate) => isOurs(candidate, ids));
  if (!row) return null;
  const correlationId = correlationOf(row);
  return { correlationId, end: endOf(textOf(row, 'status'), row, recordOf(row, 'error')) };
}

function rowsOf(body: JsonRecord): JsonRecord[] {
  const list = body['accruals'];
  if (Array.isArray(list)) return list.filter(isRecord);
  const single = recordOf(body, 'nonAirAccrual');
  return [single ? { ...body, ...single } : body];
}

function isOurs(row: JsonRecord, ids: OwnIds): boolean {
  const partner = recordOf(row, 'partner');
  const partnerAccrualId = textOf(row, 'partnerAccrualId') ?? textOf(partner, 'partnerAccrualId');
  // Transaction ids are UUIDs in lower case.
  if (partnerAccrualId !== null) return partnerAccrualId.toLowerCase() === ids.transactionId;
  const correlationId = correlationOf(row);
  return correlationId !== null && correlationId === ids.correlationId;
}

/** Only PROCESSED and CANCELLED are final. Any other status, even an unknown one, means: still in progress. */
function endOf(status: string | null, accrual: JsonRecord, error: JsonRecord | null): FoundAccrual['end'] {
  if (status === 'PROCESSED') return { kind: 'succeeded', providerReference: idOf(accrual, 'latamAccrualId') };
  if (status === 'CANCELLED') return { kind: 'declined', failure: rejection(error) };
  return null;
}

function rejection(error: JsonRecord | null): Failure {
  const code = textOf(error, 'code');
  const reason = (code === null ? undefined : REASONS[code]) ?? UNKNOWN_REASON;
  return {
    code: reason.code,
    message: reason.message,
    instructions: reason.instructions,
    category: reason.category,
    provider: { code, message: messageOf(error, 'message') },
    retryable: false,
  };
}

/** Reads an accrual notification (document "Accrual notification", content and examples). It never throws. */
export function readNotification(raw: string): NotificationReading {
  const body = parseRecord(raw) ?? parseRecord(escapeControlCharacters(raw));
  if (!body) return { kind: 'unreadable', reason: 'not a JSON object' };
  const accrual = recordOf(body, 'nonAirAccrual');
  const correlationId = correlationOf(recordOf(body, 'trace')) ?? correlationOf(body);
  const status = textOf(accrual, 'status');
  if (correlationId === null) return { kind: 'unreadable', reason: 'no correlationId' };
  if (!accrual || status === null) return { kind: 'unreadable', reason: 'no status' };
  const outcome = endOf(status, accrual, recordOf(body, 'error'));
  return outcome ? { kind: 'final', correlationId, outcome } : { kind: 'not-final', correlationId, status };
}

/** LATAM Pass's sample of a rejection has a raw line feed in a string, which JSON forbids. Linear time. */
function escapeControlCharacters(raw: string): string {
  const parts: string[] = [];
  let inString = false;
  let escaped = false;
  for (const character of raw) {
    const control = inString && character < ' ';
    parts.push(control ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : character);
    if (character === '"' && !escaped) inString = !inString;
    escaped = inString && character === '\\' && !escaped;
  }
  return parts.join('');
}
