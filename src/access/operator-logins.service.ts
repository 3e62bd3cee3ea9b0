import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Database } from '../database/database.js';
import { sameDigest, Vault } from '../crypto/gateway-vault.js';
import { OPERATOR_NAME, type OperatorCaller, type Role } from './caller.js';
import { StaleWhileErrorCache } from '../common/stale-while-error-cache.js';
import { PasswordChecks, tooManyLogins } from './password-checks.js';
import { TokenBucket } from './token-bucket.js';

interface OperatorRow {
  operatorId: string;
  username: string;
  passwordHash: string;
  role: Role;
}

interface Success {
  readonly mac: Buffer;
  readonly untilMs: number;
}

const FIND = `
select id as "operatorId", username, password_hash as "passwordHash", role from operators where username = $1`;

/** Time for which a valid password is accepted without hashing it again: a working day. */
const SUCCESS_MS = 12 * 60 * 60_000;
const MAX_SUCCESSES = 1_000;

/** Limits for failed logins, per name and address, and per address. */
const PER_PAIR = { burst: 10, perSecond: 1 };
const PER_ADDRESS = { burst: 50, perSecond: 5 };

/**
 * Verifies operators' passwords. Hashing is deliberately expensive, so a success is cached under a keyed hash that
 * includes the stored hash: a changed password invalidates it. Only failed logins are slowed down: a valid password
 * always passes, whatever failures happen with the same name or address.
 */
@Injectable()
export class OperatorLogins {
  private readonly rows: StaleWhileErrorCache<OperatorRow | null>;
  private readonly successes = new LRUCache<string, Success>({ max: MAX_SUCCESSES });
  private readonly checks = new PasswordChecks();
  private readonly pairs = new TokenBucket(PER_PAIR);
  private readonly addresses = new TokenBucket(PER_ADDRESS);

  constructor(
    database: Database,
    private readonly vault: Vault,
  ) {
    this.rows = new StaleWhileErrorCache(async (username) => {
      const rows = await database.prepared<OperatorRow>('access_operator', FIND, [username]);
      return rows[0] ?? null;
    });
  }

  /** @throws Problem `rate_limited` for a wrong password after too many failures of the same pair or address */
  async verify(username: string, password: string, address: string): Promise<OperatorCaller | null> {
    // No operator has such a name, and the database might not accept it in a query.
    if (!OPERATOR_NAME.test(username)) return null;
    const row = await this.rows.get(username);
    const passwordHash = row?.passwordHash ?? null;
    const mac = this.vault.mac('password-cache', JSON.stringify([username, password, passwordHash]));
    if (row && this.isKnownSuccess(username, mac)) return toCaller(row, address);
    const pair = JSON.stringify([username, address]);
    // Failures of others at the same address do not count against an operator who has logged in before.
    const isProven = this.successes.has(username);
    const waitSeconds = this.takeTokens(pair, isProven ? null : address);
    const isTolerated = waitSeconds === null;
    const key = mac.toString('base64');
    const isRight = await this.checks.isRight({ key, pair, password, passwordHash, isTolerated });
    if (!isRight || !row) {
      if (isTolerated) return null;
      throw tooManyLogins(waitSeconds);
    }
    this.successes.set(username, { mac, untilMs: performance.now() + SUCCESS_MS });
    if (isTolerated) this.pairs.giveBack(pair);
    if (isTolerated && !isProven) this.addresses.giveBack(address);
    return toCaller(row, address);
  }

  /** Drops cached data after this process has changed the operator. */
  forget(username: string): void {
    this.rows.forget(username);
    this.successes.delete(username);
  }

  /** null: the tokens were taken; otherwise the seconds until the next token. */
  private takeTokens(pair: string, address: string | null): number | null {
    if (!this.pairs.take(pair)) return this.pairs.retryAfterSeconds(pair);
    if (address === null || this.addresses.take(address)) return null;
    return this.addresses.retryAfterSeconds(address);
  }

  private isKnownSuccess(username: string, mac: Buffer): boolean {
    const success = this.successes.get(username);
    return success !== undefined && success.untilMs > performance.now() && sameDigest(success.mac, mac);
  }
}

function toCaller({ operatorId, username, role }: OperatorRow, address: string): OperatorCaller {
  return { kind: 'operator', operatorId, username, role, address };
}
