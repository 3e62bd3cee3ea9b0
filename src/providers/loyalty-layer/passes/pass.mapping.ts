import type { JsonObject } from '../../../ledger/model/transaction.js';
import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { parseRecord, type JsonRecord } from '../../../readers/json.js';
import { idOf, jsonOf, textOf } from '../../../readers/record.js';
import type { Outcome } from '../../../connector/connector.js';
import { doubt, refusalOf, unclearResponse } from '../errors.js';

/*
 * Request and response of a create. Pure. No document specifies the format of holder details: this file alone decides it.
 */

export interface Holder {
  readonly firstName: string;
  readonly lastName: string;
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly country?: string | undefined;
}

/** Only named members change. */
export type HolderChange = { readonly [name in keyof Holder]?: string | undefined };

export interface PassOrder {
  readonly planId: string;
  readonly enrolToken?: string | undefined;
  readonly holder: Holder;
}

/** The exact bytes of `POST /v1/pass/create`. */
export function createPassBody({ planId, enrolToken, holder }: PassOrder): string {
  return JSON.stringify({
    plan_id: planId,
    enrol_token: enrolToken,
    holder: holderBody(holder),
  });
}

export function holderBody({ firstName, lastName, email, phone, country }: HolderChange): object {
  return { first_name: firstName, last_name: lastName, email, phone, country };
}

/** Members of the response that are not data of the pass. */
const ENVELOPE = new Set([
  ...['pass_id', 'status', 'dmc_qr_data', 'success', 'code', 'message', 'plan_id', 'enrol_token'],
  // In an item of a batch.
  ...['index', 'holder', 'error'],
]);

/** Reads the response to a create. @throws ProviderError `doubtful` when it is not clear: a pass may have been issued */
export function readCreateReply(reply: HttpReply): Outcome {
  const body = parseRecord(reply.body);
  if (reply.status >= 200 && reply.status < 300) {
    const issued = body && body['success'] !== false ? readIssued(body) : null;
    if (!issued) throw doubt(reply, 'unreadable_answer');
    return issued;
  }
  const failure = refusalOf(reply);
  if (failure) return { kind: 'declined', failure };
  throw unclearResponse(reply);
}

/** The issued pass in a create's response or in an item of a batch; null: it has no pass id. */
export function readIssued(body: JsonRecord): Outcome | null {
  const passId = idOf(body, 'pass_id');
  if (passId === null) return null;
  return {
    kind: 'succeeded',
    providerReference: passId,
    resource: { status: passStatus(textOf(body, 'status')), providerReference: passId, secret: entitlement(body) },
  };
}

/** The entitlement: a QR text for a lounge, an activation code for an eSIM. Only the owning app may read it. */
export function entitlement(body: JsonRecord): JsonObject {
  const rest = Object.entries(body).filter(([name]) => !ENVELOPE.has(name));
  const data = jsonOf(Object.fromEntries(rest));
  return { qrData: textOf(body, 'dmc_qr_data'), ...(rest.length > 0 && { data }) };
}

/** Without a status, a pass is active. A status that the gateway does not know is `unknown`. */
export function passStatus(status: string | null): string {
  switch (status?.toLowerCase() ?? 'active') {
    case 'active':
    case 'created':
    case 'issued':
    case 'success':
      return 'active';
    case 'pending':
    case 'processing':
      return 'pending';
    case 'cancelled':
    case 'canceled':
      return 'canceled';
    case 'expired':
      return 'expired';
    default:
      return 'unknown';
  }
}
