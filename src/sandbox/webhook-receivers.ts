import { type IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import { type Failure } from './webhook-failure.js';
import { Journal } from './journal.js';
import { readJson } from './parse.js';

const MAX_RECEIVERS = 100;
const KEPT_REQUESTS = 50;
const KEPT_IDS = 1000;
const MAX_ID_LENGTH = 256;
export const MAX_BODY_BYTES = 16 * 1024;

/** What one request to a receiver was, and how it was answered. */
export interface ReceivedWebhook {
  readonly at: string;
  /** null: the request had no usable `webhook-id`. */
  readonly webhookId: string | null;
  readonly verified: boolean;
  /** Why it is not verified; null when it is. */
  readonly problem: string | null;
  /** True when an earlier request had the same `webhook-id`. */
  readonly duplicate: boolean;
  /** The status of the answer, or the failure that took its place. */
  readonly answered: number | string;
  /** The parsed JSON, or the text if it is none. */
  readonly body: unknown;
}

export interface Receiver {
  secrets: readonly string[];
  failure: Failure | null;
  received: ReceivedWebhook[];
  /** Oldest first. */
  readonly ids: Set<string>;
}

/** The receivers of webhooks by name, in memory alone. */
@Injectable()
export class WebhookReceivers {
  private readonly receivers = new Map<string, Receiver>();

  constructor(journal: Journal) {
    journal.onReset(() => this.receivers.clear());
  }

  find(name: string): Receiver | undefined {
    return this.receivers.get(name);
  }

  /** null: there are too many already. */
  findOrMake(name: string): Receiver | null {
    const found = this.receivers.get(name);
    if (found) return found;
    if (this.receivers.size >= MAX_RECEIVERS) return null;
    const made: Receiver = { secrets: [], failure: null, received: [], ids: new Set() };
    this.receivers.set(name, made);
    return made;
  }

  /** Returns the number of requests that were kept. */
  remove(name: string): number {
    const count = this.receivers.get(name)?.received.length ?? 0;
    this.receivers.delete(name);
    return count;
  }
}

/** What a request is worth, before it is decided how it is answered. */
export function examine(
  receiver: Receiver,
  headers: IncomingHttpHeaders,
  body: string,
): Omit<ReceivedWebhook, 'answered'> {
  const webhookId = headerOf(headers, 'webhook-id');
  const problem = problemOf(receiver.secrets, headers, body);
  return {
    at: new Date().toISOString(),
    webhookId,
    verified: problem === null,
    problem,
    duplicate: webhookId !== null && receiver.ids.has(webhookId),
    body: isTooLong(body) ? null : (readJson(body) ?? body),
  };
}

export function keep(receiver: Receiver, webhook: ReceivedWebhook): void {
  receiver.received.push(webhook);
  if (receiver.received.length > KEPT_REQUESTS) receiver.received.shift();
  if (webhook.webhookId === null) return;
  receiver.ids.add(webhook.webhookId);
  const [oldest] = receiver.ids;
  if (receiver.ids.size > KEPT_IDS && oldest !== undefined) receiver.ids.delete(oldest);
}

export function isTooLong(body: string): boolean {
  return Buffer.byteLength(body) > MAX_BODY_BYTES;
}

/** Why the request is not a signed webhook; null: it is one. Any of the secrets may have signed it. */
function problemOf(secrets: readonly string[], headers: IncomingHttpHeaders, body: string): string | null {
  if (isTooLong(body)) return `the body is longer than ${MAX_BODY_BYTES} bytes`;
  if (secrets.length === 0) return 'no secret is set for this receiver';
  const signed = {
    'webhook-id': headerOf(headers, 'webhook-id') ?? '',
    'webhook-timestamp': headerOf(headers, 'webhook-timestamp') ?? '',
    'webhook-signature': headerOf(headers, 'webhook-signature', MAX_BODY_BYTES) ?? '',
  };
  const missing = Object.entries(signed).flatMap(([name, value]) => (value === '' ? [name] : []));
  if (missing.length > 0) return `no usable header: ${missing.join(', ')}`;
  const problems = secrets.map((secret) => problemWith(secret, signed, body));
  return problems.includes(null) ? null : (problems[0] ?? null);
}

function problemWith(secret: string, headers: Record<string, string>, body: string): string | null {
  try {
    new Webhook(secret).verify(body, headers, { jsonParse: false });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** null: absent, sent twice, or too long to be kept. */
function headerOf(headers: IncomingHttpHeaders, name: string, maxLength = MAX_ID_LENGTH): string | null {
  const value = headers[name];
  return typeof value === 'string' && value !== '' && value.length <= maxLength ? value : null;
}
