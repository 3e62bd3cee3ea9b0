import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { comparable } from '../readers/user-text.js';
import type { BasicPair } from './basic.js';
import type { NotifierCaller } from './caller.js';

const LATAM_PASS: NotifierCaller = { kind: 'notifier', provider: 'latam-pass' };

/** Verifies who notifies us: the pair, or one of two, and the static headers when any were agreed. */
@Injectable()
export class Notifiers {
  private readonly pairs: readonly Buffer[];
  private readonly headers: readonly (readonly [string, Buffer])[];

  constructor({ latamPass }: Config) {
    this.pairs = latamPass.notificationPairs.map((pair) => digestOfPair(pair));
    this.headers = Object.entries(latamPass.notificationHeaders).map(([name, value]) => [name, digest(value)]);
  }

  /** Looks at every pair and header whatever the first ones say: the time tells nothing. */
  verify(pair: BasicPair, request: FastifyRequest): NotifierCaller | null {
    const sent = digestOfPair(pair);
    const matches = this.pairs.map((known) => timingSafeEqual(known, sent));
    const headersMatch = this.headers.map(([name, known]) => timingSafeEqual(known, digest(headerOf(request, name))));
    return matches.includes(true) && !headersMatch.includes(false) ? LATAM_PASS : null;
  }
}

function headerOf(request: FastifyRequest, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

/** Of an accented letter there are two spellings, which look the same to those who agreed on a password. */
function digestOfPair({ username, password }: BasicPair): Buffer {
  return digest(comparable(JSON.stringify([username, password])));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
