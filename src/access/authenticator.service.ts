import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { databaseUnavailable, isUnavailable } from '../database/database.js';
import { logger } from '../common/log.js';
import { metrics } from '../common/metrics.js';
import { Problem } from '../common/problem.js';
import { AppKeys } from './app-keys.service.js';
import { readBasic, type BasicPair } from './basic.js';
import type { AnyCaller } from './caller.js';
import { Notifiers } from './notifiers.service.js';
import { OperatorLogins } from './operator-logins.service.js';
import { TokenBucket } from './token-bucket.js';

/** Wrong credentials get a 401, and a 429 beyond these limits, to slow down guessing. Valid credentials always pass. */
const WRONG_PER_PAIR = { burst: 100, perSecond: 2 };
const WRONG_PER_ADDRESS = { burst: 500, perSecond: 10 };

/** Key ids begin with this prefix; operator names must not. */
const KEY_ID = /^key_/;

/** Authenticates the caller of a request. */
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
   * @returns null for credentials that are not valid on this route
   * @throws Problem `rate_limited` after too many wrong credentials; `overloaded` while the database is unavailable
   */
  async verify(pair: BasicPair, request: FastifyRequest): Promise<AnyCaller | null> {
    const caller = await this.find(pair, request).catch((error: unknown) => {
      throw isUnavailable(error) ? databaseUnavailable(error) : error;
    });
    if (caller) return caller;
    this.countFailure(pair, request);
    return null;
  }

  /** Counts a malformed header as wrong credentials. @throws Problem `rate_limited` */
  refuse(request: FastifyRequest): null {
    this.countFailure({ username: '', password: '' }, request);
    return null;
  }

  /** Returns a caller without a query: an app whose header was verified before, or a valid notifier. */
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
    throw new Problem('rate_limited', 'Too many requests with wrong credentials. Correct them before you retry.', {
      retryAfterSeconds: isPairTolerated
        ? this.wrongAddresses.retryAfterSeconds(address)
        : this.wrongPairs.retryAfterSeconds(key),
    });
  }
}
