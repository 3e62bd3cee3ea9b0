import { Injectable } from '@nestjs/common';
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

/** How long a password that was right is known to be so without hashing it again: a working day. */
const SUCCESS_MS = 12 * 60 * 60_000;
const MAX_SUCCESSES = 1_000;

/** Logins that fail: after a few, one a second per name and address, and a few more per address. */
const PER_PAIR = { burst: 10, perSecond: 1 };
const PER_ADDRESS = { burst: 50, perSecond: 5 };

/**
 * Verifies operators' passwords. Hashing is dear on purpose, so success is remembered (by a keyed hash that includes the
 * stored one: a changed password forgets itself). Only logins that fail are slowed down: a right password always passes,
 * whatever others get wrong under the same name or at the same address.
 */
@Injectable()
export class OperatorLogins {
  private readonly rows: StaleWhileErrorCache<OperatorRow | null>;
  private readonly successes = new Map<string, Success>();
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

  /** @throws Problem `rate_limited` when it is wrong, and too many of its pair or address have been wrong lately */
  async verify(username: string, password: string, address: string): Promise<OperatorCaller | null> {
    // Not the name of any operator, and maybe nothing that the database can be asked for.
    if (!OPERATOR_NAME.test(username)) return null;
    const row = await this.rows.get(username);
    const passwordHash = row?.passwordHash ?? null;
    const mac = this.vault.mac('password-cache', JSON.stringify([username, password, passwordHash]));
    if (row && this.isKnownSuccess(username, mac)) return toCaller(row, address);
    const pair = JSON.stringify([username, address]);
    // What others at the same address get wrong is not held against an operator who has logged in before.
    const isProven = this.successes.has(username);
    const waitSeconds = this.takeTokens(pair, isProven ? null : address);
    const isTolerated = waitSeconds === null;
    const key = mac.toString('base64');
    const isRight = await this.checks.isRight({ key, pair, password, passwordHash, isTolerated });
    if (!isRight || !row) {
      if (isTolerated) return null;
      throw tooManyLogins(waitSeconds);
    }
    this.rememberSuccess(username, mac);
    if (isTolerated) this.pairs.giveBack(pair);
    if (isTolerated && !isProven) this.addresses.giveBack(address);
    return toCaller(row, address);
  }

  /** This process changed the operator. */
  forget(username: string): void {
    this.rows.forget(username);
    this.successes.delete(username);
  }

  /** null: taken; otherwise in how many seconds there will be one. */
  private takeTokens(pair: string, address: string | null): number | null {
    if (!this.pairs.take(pair)) return this.pairs.retryAfterSeconds(pair);
    if (address === null || this.addresses.take(address)) return null;
    return this.addresses.retryAfterSeconds(address);
  }

  private isKnownSuccess(username: string, mac: Buffer): boolean {
    const success = this.successes.get(username);
    return success !== undefined && success.untilMs > performance.now() && sameDigest(success.mac, mac);
  }

  private rememberSuccess(username: string, mac: Buffer): void {
    if (this.successes.size >= MAX_SUCCESSES) this.successes.clear();
    this.successes.set(username, { mac, untilMs: performance.now() + SUCCESS_MS });
  }
}

function toCaller({ operatorId, username, role }: OperatorRow, address: string): OperatorCaller {
  return { kind: 'operator', operatorId, username, role, address };
}
