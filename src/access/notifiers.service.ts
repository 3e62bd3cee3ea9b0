import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../common/problem.js';
import { Config } from '../config/config.js';
import type { NotificationCredentials } from '../config/notification-credentials.js';
import { NOTIFYING_PROVIDERS } from '../providers/declared.js';
import { comparable } from '../readers/user-text.js';
import { isRecord } from '../readers/json.js';
import { textOf } from '../readers/record.js';
import type { BasicPair } from './basic.js';
import type { NotifierCaller } from './caller.js';

/** The credentials of one provider, hashed. */
interface Known {
  readonly caller: NotifierCaller;
  readonly pairs: readonly Buffer[];
  readonly headers: readonly (readonly [string, Buffer])[];
}

/** Authenticates a provider that notifies: its pair, or one of two, and its static headers if any were agreed. */
@Injectable()
export class Notifiers {
  private readonly known: ReadonlyMap<string, Known>;

  constructor(config: Config) {
    this.known = new Map(
      NOTIFYING_PROVIDERS.map((provider) => [provider, digestAll(provider, config.settingsOf(provider).notifications)]),
    );
  }

  /**
   * Compares every pair and header, also after a mismatch, so that the time reveals nothing.
   * @throws Problem `not_found` when the path names no provider that notifies
   */
  verify(pair: BasicPair, request: FastifyRequest): NotifierCaller | null {
    const known = this.known.get(providerOf(request));
    if (!known) throw Problem.notFound('provider that sends notifications');
    const sent = digestOfPair(pair);
    const matches = known.pairs.map((one) => timingSafeEqual(one, sent));
    const headersMatch = known.headers.map(([name, one]) => timingSafeEqual(one, digest(headerOf(request, name))));
    return matches.includes(true) && !headersMatch.includes(false) ? known.caller : null;
  }
}

function digestAll(provider: string, credentials?: NotificationCredentials): Known {
  const { pairs = [], headers = {} } = credentials ?? {};
  return {
    caller: { kind: 'notifier', provider },
    pairs: pairs.map((pair) => digestOfPair(pair)),
    headers: Object.entries(headers).map(([name, value]) => [name, digest(value)]),
  };
}

function providerOf({ params }: FastifyRequest): string {
  return (isRecord(params) && textOf(params, 'provider')) || '';
}

function headerOf(request: FastifyRequest, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

/** Accented letters have two spellings in Unicode that look the same to the people who agreed on a password. */
function digestOfPair({ username, password }: BasicPair): Buffer {
  return digest(comparable(JSON.stringify([username, password])));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
