import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { databaseUnavailable, isUnavailable } from '../database/database.js';
import { logger } from '../common/log.js';
import { metrics } from '../common/metrics.js';
import { Problem } from '../common/problem.js';
import { AppKeys } from './app-keys.js';
import { readBasic, type BasicPair } from './basic.js';
import type { AnyCaller } from './caller.js';
import { Notifiers } from './notifiers.js';
import { OperatorLogins } from './operator-logins.js';
import { TokenBucket } from './token-bucket.js';

/** Wrong pairs are answered 401; beyond this 429, so that a guesser slows down. Right ones always pass. */
const WRONG_PER_PAIR = { burst: 100, perSecond: 2 };
const WRONG_PER_ADDRESS = { burst: 500, perSecond: 10 };

/** By its form: ids of keys begin like this, and names of operators must not. */
const KEY_ID = /^key_/;

/** Finds out who calls. */
@Injectable()
export class Authenticator {
  private readonly wrongPairs = new TokenBucket(WRONG_PER_PAIR);
  private readonly wrongAddresses = new TokenBucket(WRONG_PER_ADDRESS);

  constructor(
    private readonly keys: AppKeys,
    private readonly operators: OperatorLogins,
    private readonly notifiers: Notifiers,
  ) {}

  /**
   * @returns null for credentials that are not valid here
   * @throws Problem `rate_limited` instead when they have been wrong too often; `overloaded` when nobody can tell
   */
  async verify(pair: BasicPair, request: FastifyRequest): Promise<AnyCaller | null> {
    const caller = await this.find(pair, request).catch((error: unknown) => {
      throw isUnavailable(error) ? databaseUnavailable(error) : error;
    });
    if (caller) return caller;
    this.countFailure(pair, request);
    return null;
  }

  /** A header that holds no pair: counted as a wrong one. @throws Problem `rate_limited` */
  refuse(request: FastifyRequest): null {
    this.countFailure({ username: '', password: '' }, request);
    return null;
  }

  /** Whoever can be told without asking anybody: an app whose very header was verified before, and a right notifier. */
  recall(request: FastifyRequest): AnyCaller | null {
    const headers = request.raw.headersDistinct['authorization'];
    const header = headers?.length === 1 ? headers[0] : undefined;
    if (header === undefined) return null;
    if (request.accessRule?.kind === 'notifier') {
      const pair = readBasic(request);
      return pair && this.notifiers.verify(pair, request);
    }
    return this.keys.recall(header);
  }

  private async find(pair: BasicPair, request: FastifyRequest): Promise<AnyCaller | null> {
    if (request.accessRule?.kind === 'notifier') return this.notifiers.verify(pair, request);
    if (KEY_ID.test(pair.username)) {
      return this.keys.verify(pair.username, pair.password, request.headers.authorization ?? '');
    }
    return this.operators.verify(pair.username, pair.password, request.gateway.address);
  }

  private countFailure(pair: BasicPair, request: FastifyRequest): void {
    const kind = request.accessRule?.kind === 'notifier' ? 'notifier' : KEY_ID.test(pair.username) ? 'app' : 'operator';
    metrics.authFailures.inc({ kind });
    const { address } = request.gateway;
    logger.warn({ requestId: request.id, kind, ip: address }, 'credentials refused');
    const key = JSON.stringify([pair.username, address]);
    const isPairTolerated = this.wrongPairs.take(key);
    const isAddressTolerated = this.wrongAddresses.take(address);
    if (isPairTolerated && isAddressTolerated) return;
    throw new Problem('rate_limited', 'Too many requests with wrong credentials; correct them before you try again.', {
      retryAfterSeconds: isPairTolerated
        ? this.wrongAddresses.retryAfterSeconds(address)
        : this.wrongPairs.retryAfterSeconds(key),
    });
  }
}
