import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { isRecord, parseRecord, type JsonRecord } from '../../../readers/json.js';
import { readWholeNumber } from '../../../readers/integer.js';
import { idOf, textOf } from '../../../readers/record.js';
import { ProviderError, REFUSED_BY_EDGE, type Outcome } from '../../../connector/connector.js';
import { doubt, isOwnError, toFailure } from '../errors.js';
import { readIssued } from './pass.mapping.js';

/*
 * Request and response of `POST /v1/pass/batch-create`. Pure. No document specifies the wrapper of the request or the
 * response: this file alone decides both. A pass issued to the wrong person is worse than an unknown one. So an item of the
 * response counts only if its index AND all values that it repeats match exactly one order, and no other item matches it.
 */

/** Statuses after which no item was executed: the endpoint does not exist, or the body was not read. */
const NOT_LOOKED_AT = new Set([404, 405, 413, 415]);
/** Accepted names of the list of results. */
const LISTS = ['results', 'passes', 'data', 'items'];
const HOLDER = ['first_name', 'last_name', 'email', 'phone', 'country'];
/** Errors of an item that mean "not executed" even without a code. */
const PLAIN_REFUSALS = new Set(['invalid_enrol_token', 'invalid_plan', 'invalid_plan_id', 'invalid_request']);

/** The exact bytes of a batch: each order has the bytes of a single create. */
export function batchBody(orders: readonly string[]): string {
  return `{"passes":[${orders.join(',')}]}`;
}

/**
 * One result for each order, in the same order.
 * @throws ProviderError when it applies to all: `not-sent` if no item was executed, otherwise `doubtful`. A refusal (400) is
 * doubtful too: items before the rejected one may have been executed.
 */
export function readBatchReply(reply: HttpReply, orders: readonly string[]): (Outcome | ProviderError)[] {
  if (NOT_LOOKED_AT.has(reply.status)) {
    throw new ProviderError('not-sent', 'batch_refused', { evidence: { httpStatus: reply.status } });
  }
  if (reply.status < 200 || reply.status >= 300) throw doubt(reply, refusalOfBatch(reply));
  const items = itemsOf(reply.body);
  if (!items) throw doubt(reply, 'unreadable_answer');
  const claims = claimsOf(items, orders.map(parseRecord));
  const twice = repeatedIds(items);
  return claims.map((own) => {
    const [claim, ...others] = own;
    if (!claim) return doubt(reply, 'batch_item_missing');
    const passId = idOf(claim.item, 'pass_id');
    const isClear = others.length === 0 && claim.fits && !(passId !== null && twice.has(passId));
    return isClear ? readItem(reply, claim.item) : doubt(reply, 'batch_item_contradictory');
  });
}

function refusalOfBatch({ status, body }: HttpReply): string {
  if (status >= 500) return 'server_error';
  const record = parseRecord(body);
  return status === 403 && !(record && isOwnError(record)) ? REFUSED_BY_EDGE : 'batch_refused';
}

/** The number of surplus items: passes that may have been issued and belong to no transaction. */
export function surplusOf(reply: HttpReply, orders: readonly string[]): number {
  return Math.max((itemsOf(reply.body)?.length ?? 0) - orders.length, 0);
}

/** The readable items of the list of results; null: there is no list. */
function itemsOf(body: string): JsonRecord[] | null {
  const answer = parseRecord(`{"answer":${body.replace(/^\uFEFF/, '')}}`)?.['answer'];
  const lists = isRecord(answer) ? LISTS.map((name) => answer[name]) : [answer];
  return lists.find((list) => Array.isArray(list))?.filter(isRecord) ?? null;
}

interface Claim {
  readonly item: JsonRecord;
  /** All values that the item repeats match the order. */
  readonly fits: boolean;
}

/** For each order, the items that name it. */
function claimsOf(items: readonly JsonRecord[], orders: readonly (JsonRecord | null)[]): Claim[][] {
  const claims: Claim[][] = orders.map(() => []);
  // An index that starts at 1 would shift every place by one, so indexes count only if one of them is 0.
  const countsFromZero = items.some((item) => placeOf(item) === 0);
  for (const item of items) {
    const named = placeOf(item);
    const place = named !== null && countsFromZero ? named : onlyMatch(item, orders);
    const order = place === null ? null : orders[place];
    if (place !== null && order) claims[place]?.push({ item, fits: agrees(item, order) });
  }
  return claims;
}

function placeOf(item: JsonRecord): number | null {
  const text = textOf(item, 'index');
  return text === null ? null : readWholeNumber(text, 9_999);
}

/** Without a reliable index: the only order whose token or holder the item repeats. */
function onlyMatch(item: JsonRecord, orders: readonly (JsonRecord | null)[]): number | null {
  if (textOf(item, 'enrol_token') === null && !isRecord(item['holder'])) return null;
  const found = orders.flatMap((order, place) => (order && agrees(item, order) ? [place] : []));
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** True when all values that the item repeats equal those of the order. */
function agrees(item: JsonRecord, order: JsonRecord): boolean {
  const sameTexts = ['plan_id', 'enrol_token'].every((name) => isAbsent(item[name]) || item[name] === order[name]);
  const { holder } = item;
  const ordered = order['holder'];
  if (!isRecord(holder)) return sameTexts && isAbsent(holder);
  return (
    sameTexts && isRecord(ordered) && HOLDER.every((name) => isAbsent(holder[name]) || holder[name] === ordered[name])
  );
}

/** An omitted value may be returned as null. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function repeatedIds(items: readonly JsonRecord[]): ReadonlySet<string> {
  const ids = items.flatMap((item) => idOf(item, 'pass_id') ?? []);
  return new Set(ids.filter((id, at) => ids.indexOf(id) !== at));
}

function readItem(reply: HttpReply, item: JsonRecord): Outcome | ProviderError {
  const { success } = item;
  const error = errorOf(item);
  if (error) {
    const isPlain = success !== true && (item['pass_id'] ?? null) === null;
    return isPlain ? readError(reply, error) : doubt(reply, 'batch_item_contradictory');
  }
  const issued = success === false ? null : readIssued(item);
  return issued ?? doubt(reply, 'batch_item_unreadable');
}

/** `{ error, error_description, code }`: an object of its own, or members of the item. */
function errorOf(item: JsonRecord): JsonRecord | null {
  const { error } = item;
  return isRecord(error) ? error : isAbsent(error) ? null : item;
}

/** Reads an item's error like that of a single create: a clear refusal, a limit, or doubt. */
function readError(reply: HttpReply, error: JsonRecord): Outcome | ProviderError {
  const said = textOf(error, 'code');
  const code =
    said === null ? (PLAIN_REFUSALS.has(textOf(error, 'error') ?? '') ? 400 : 0) : (readWholeNumber(said, 999) ?? 0);
  if (code === 429) return new ProviderError('rate-limited', 'rate_limited');
  if (code === 401) return new ProviderError('unauthorized', 'item_unauthorized');
  if (code >= 400 && code < 500) return { kind: 'declined', failure: toFailure(error, String(code)) };
  return doubt(reply, 'server_error');
}
