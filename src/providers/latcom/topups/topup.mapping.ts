import type { Failure, FailureCategory } from '../../../ledger/model/transaction.js';
import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { parseRecordInParts, type JsonRecord } from '../../../readers/json.js';
import { beginningOf, decimalOf, idOf, textOf, messageOf } from '../../../readers/record.js';
import { ProviderError, REFUSED_BY_EDGE, UNREADABLE_BALANCE, type Outcome } from '../../../connector/connector.js';
import { isOwnError } from '../errors.js';

/* LATCOM's requests and responses ("Distributor API Documentation"). Pure. */

export interface PurchaseOrder {
  readonly transactionId: string;
  /** Ten digits. */
  readonly phoneNumber: string;
  readonly productId: string;
  readonly pesos: number;
  readonly operator: string;
}

/** The exact bytes of `POST /product_purchase`. */
export function purchaseBody(order: PurchaseOrder): string {
  return JSON.stringify({
    distributor_transaction_id: order.transactionId,
    phone_number: order.phoneNumber,
    product_id: order.productId,
    amount: order.pesos,
    operator: order.operator,
  });
}

/** Decimal places of a balance. */
const BALANCE_PLACES = { least: 2, most: 4 };

interface Decline {
  readonly code: string;
  readonly message: string;
  readonly instructions: string;
  readonly category: FailureCategory;
  readonly retryable: boolean;
}

/** Codes after which certainly nothing was bought. 91, 96 and every code that is not listed are doubtful. */
const DECLINES: Readonly<Record<string, Decline>> = {
  '05': {
    code: 'not_authorized',
    message: 'LATCOM did not authorize this purchase.',
    instructions: "The gateway's operator must ask LATCOM which products the account may buy.",
    category: 'configuration',
    retryable: false,
  },
  '12': {
    code: 'invalid_transaction',
    message: 'LATCOM rejected the transaction as invalid.',
    instructions: "The gateway's operator must ask LATCOM for the reason.",
    category: 'configuration',
    retryable: false,
  },
  '13': {
    code: 'invalid_amount',
    message: 'LATCOM does not sell this amount.',
    instructions: 'Choose an amount from GET /v1/topups/products and send a new request.',
    category: 'request',
    retryable: false,
  },
  '14': {
    code: 'invalid_package',
    message: 'LATCOM does not sell this package for the number.',
    instructions: 'Choose another product and send a new request.',
    category: 'request',
    retryable: false,
  },
  '51': {
    code: 'insufficient_funds',
    message: "The gateway's balance at LATCOM is used up. Nothing was bought.",
    instructions: "The gateway's operator must add funds. Send a new request later.",
    category: 'funds',
    retryable: true,
  },
  '83': {
    code: 'invalid_phone_number',
    message: 'The carrier does not know this phone number. Nothing was bought.',
    instructions: 'Check the number and send a new request.',
    category: 'request',
    retryable: false,
  },
};

const REFUSED: Decline = {
  code: 'refused_by_provider',
  message: 'LATCOM rejected the purchase. Nothing was bought.',
  instructions: 'Correct the request and send a new one.',
  category: 'request',
  retryable: false,
};

/**
 * Reads the response to a purchase. The body decides, whatever the HTTP status. A response that is neither a clear success nor
 * a clear refusal is doubtful: the purchase may have been executed.
 * @throws ProviderError `doubtful`
 */
export function readPurchaseReply(reply: HttpReply, transactionId: string): Outcome {
  const body = parseRecordInParts(reply.body);
  if (!(body && 'success' in body) && reply.status >= 400 && reply.status < 500)
    throw doubt(reply, null, REFUSED_BY_EDGE);
  if (!body) throw doubt(reply, null, 'unreadable_answer');
  const code = textOf(body, 'response_code');
  const echoed = textOf(body, 'distributor_transaction_id');
  // Transaction ids are UUIDs in lower case.
  if (echoed !== null && echoed.toLowerCase() !== transactionId)
    throw doubt(reply, code, 'answer_for_another_purchase');
  const ok = reply.status >= 200 && reply.status < 300;
  if (body['success'] === true) {
    if (ok && code === '00') return success(body);
    throw doubt(reply, code, 'contradictory_answer');
  }
  if (body['success'] !== false || code === '00') throw doubt(reply, code, 'contradictory_answer');
  const decline = isOwnError(body) ? declineOf(reply.status, code) : undefined;
  if (!decline) throw doubt(reply, code, reply.status >= 500 ? 'server_error' : 'doubtful_code');
  return { kind: 'declined', failure: failureOf(decline, code ?? String(reply.status), body) };
}

/** The balance in the response to a purchase. `unreadable`: not a plain decimal. */
export type BalanceReading = { readonly balance: string } | 'absent' | 'unreadable';

/** `balance_after` of a purchase, with all its digits. */
export function readBalanceAfter(reply: HttpReply): BalanceReading {
  const body = parseRecordInParts(reply.body);
  if (body?.['balance_after'] === undefined || body['balance_after'] === null) return 'absent';
  const balance = decimalOf(body, 'balance_after', BALANCE_PLACES);
  return balance === null ? 'unreadable' : { balance };
}

/** Reads the response to `GET /get_balance`. @throws ProviderError `doubtful` */
export function readBalanceReply(reply: HttpReply): { balance: string; currency: string | null } {
  const body = parseRecordInParts(reply.body);
  if (reply.status >= 500) throw doubt(reply, null, 'server_error');
  if (reply.status >= 400) throw doubt(reply, null, body && isOwnError(body) ? 'balance_refused' : REFUSED_BY_EDGE);
  if (reply.status >= 300 || body?.['success'] !== true) throw doubt(reply, null, 'unreadable_answer');
  const balance = decimalOf(body, 'balance', BALANCE_PLACES);
  if (balance === null) throw doubt(reply, null, UNREADABLE_BALANCE);
  return { balance, currency: textOf(body, 'currency') };
}

function success(body: JsonRecord): Outcome {
  return {
    kind: 'succeeded',
    providerReference: idOf(body, 'transaction_id'),
    detail: { authCode: textOf(body, 'auth_code'), rrn: textOf(body, 'reference') },
  };
}

function declineOf(status: number, code: string | null): Decline | undefined {
  // After a server error the purchase may have been executed, whatever its code.
  if (status >= 500) return undefined;
  if (code !== null) return DECLINES[code];
  if (status === 402) return DECLINES['51'];
  return status === 400 ? REFUSED : undefined;
}

function failureOf(decline: Decline, code: string, body: JsonRecord): Failure {
  const message = messageOf(body, 'error') ?? messageOf(body, 'response_message');
  return { ...decline, provider: { code, message } };
}

function doubt(reply: HttpReply, code: string | null, reason: string): ProviderError {
  return new ProviderError('doubtful', reason, {
    evidence: { httpStatus: reply.status, ...(code !== null && { responseCode: beginningOf(code, 20) }) },
  });
}
