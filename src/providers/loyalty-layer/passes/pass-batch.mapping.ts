import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { isRecord, parseRecord, type JsonRecord } from '../../../readers/json.js';
import { readWholeNumber } from '../../../readers/integer.js';
import { idOf, textOf } from '../../../readers/record.js';
import { ProviderError, REFUSED_BY_EDGE, type Outcome } from '../../../connector/connector.js';
import { doubt, isOwnError, toFailure } from '../errors.js';
import { readIssued } from './pass.mapping.js';

/*
 * `POST /v1/pass/batch-create`, both ways. Pure. Neither the wrapper of the request nor any answer is documented: both are
 * decided here and only here. A pass that is given to the wrong person is worse than an unknown one, so an item of the
 * answer counts only when its place AND everything that it repeats of the order fit exactly one order, and no other item
 * claims the same.
 */

/** Refused before any item was looked at: no such endpoint, or a body that is not read. */
const NOT_LOOKED_AT = new Set([404, 405, 413, 415]);
/** What a list of results may be called. */
const LISTS = ['results', 'passes', 'data', 'items'];
const HOLDER = ['first_name', 'last_name', 'email', 'phone', 'country'];
/** Of an item: what an error without a code may be called when nothing was executed. */
const PLAIN_REFUSALS = new Set(['invalid_enrol_token', 'invalid_plan', 'invalid_plan_id', 'invalid_request']);

/** The exact bytes: each order as it would have been sent alone. */
export function batchBody(orders: readonly string[]): string {
  return `{"passes":[${orders.join(',')}]}`;
}

/**
 * What was said of each order, in their order. @throws ProviderError when it is the same for all: `not-sent` when the
 * batch was not looked at, otherwise `doubtful`, also for a refusal: the items before the bad one may be executed.
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

/** How many items nobody ordered: passes that may have been issued and belong to no transaction. */
export function surplusOf(reply: HttpReply, orders: readonly string[]): number {
  return Math.max((itemsOf(reply.body)?.length ?? 0) - orders.length, 0);
}

/** The list, as far as it can be read; `null` when there is none. */
function itemsOf(body: string): JsonRecord[] | null {
  const answer = parseRecord(`{"answer":${body.replace(/^\uFEFF/, '')}}`)?.['answer'];
  const lists = isRecord(answer) ? LISTS.map((name) => answer[name]) : [answer];
  return lists.find((list) => Array.isArray(list))?.filter(isRecord) ?? null;
}

interface Claim {
  readonly item: JsonRecord;
  /** Nothing that the item says speaks against the order. */
  readonly fits: boolean;
}

/** For each order the items that say they are about it. */
function claimsOf(items: readonly JsonRecord[], orders: readonly (JsonRecord | null)[]): Claim[][] {
  const claims: Claim[][] = orders.map(() => []);
  // Whoever counts from 1 never says 0, and its places would all be wrong by one.
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

/** Without a place that can be trusted: the one order whose token or holder the item repeats. */
function onlyMatch(item: JsonRecord, orders: readonly (JsonRecord | null)[]): number | null {
  if (textOf(item, 'enrol_token') === null && !isRecord(item['holder'])) return null;
  const found = orders.flatMap((order, place) => (order && agrees(item, order) ? [place] : []));
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** Whether everything that the item repeats of an order is as it was ordered. */
function agrees(item: JsonRecord, order: JsonRecord): boolean {
  const sameTexts = ['plan_id', 'enrol_token'].every((name) => isAbsent(item[name]) || item[name] === order[name]);
  const { holder } = item;
  const ordered = order['holder'];
  if (!isRecord(holder)) return sameTexts && isAbsent(holder);
  return (
    sameTexts && isRecord(ordered) && HOLDER.every((name) => isAbsent(holder[name]) || holder[name] === ordered[name])
  );
}

/** What was left out may come back as null. */
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

/** `{ error, error_description, code }`, as an object of its own or among the item's members. */
function errorOf(item: JsonRecord): JsonRecord | null {
  const { error } = item;
  return isRecord(error) ? error : isAbsent(error) ? null : item;
}

/** An item's error counts as it would for a single create: a clear refusal, a limit, or doubt. */
function readError(reply: HttpReply, error: JsonRecord): Outcome | ProviderError {
  const said = textOf(error, 'code');
  const code =
    said === null ? (PLAIN_REFUSALS.has(textOf(error, 'error') ?? '') ? 400 : 0) : (readWholeNumber(said, 999) ?? 0);
  if (code === 429) return new ProviderError('rate-limited', 'rate_limited');
  if (code === 401) return new ProviderError('unauthorized', 'item_unauthorized');
  if (code >= 400 && code < 500) return { kind: 'declined', failure: toFailure(error, String(code)) };
  return doubt(reply, 'server_error');
}
