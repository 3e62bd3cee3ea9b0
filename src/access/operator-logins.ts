import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Problem } from '../problem.js';
import { sameDigest, Vault } from '../vault.js';
import type { OperatorCaller, Role } from './caller.js';
import { FreshCache } from '../fresh-cache.js';
import { verifyPassword } from './passwords.js';
import { Throttle } from './throttle.js';

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

/** A password that was right is not hashed again for so long. */
const SUCCESS_MS = 60_000;
const MAX_SUCCESSES = 1_000;

/** Verifications that fail: after a few, one a second per name and address, and a few more per address. */
const PER_PAIR = { burst: 10, perSecond: 1 };
const PER_ADDRESS = { burst: 50, perSecond: 5 };

/**
 * Verifies operators' passwords. Hashing is dear on purpose, so success is remembered (by a keyed hash that includes the
 * stored one: a changed password forgets itself), and failing pairs are slowed down without locking anybody out.
 */
@Injectable()
export class OperatorLogins {
  private readonly rows: FreshCache<OperatorRow | null>;
  private readonly successes = new Map<string, Success>();
  private readonly running = new Map<string, Promise<unknown>>();
  private readonly pairs = new Throttle(PER_PAIR);
  private readonly addresses = new Throttle(PER_ADDRESS);
  /** Who has logged in before is not held up by what others at the same address get wrong. */
  private readonly proven = new Set<string>();

  constructor(
    database: Database,
    private readonly vault: Vault,
  ) {
    this.rows = new FreshCache(async (username) => {
      const rows = await database.prepared<OperatorRow>('access_operator', FIND, [username]);
      return rows[0] ?? null;
    });
  }

  /** @throws Problem `rate_limited` when the pair, or its address, has failed too often lately */
  async verify(username: string, password: string, address: string): Promise<OperatorCaller | null> {
    const row = await this.rows.get(username);
    const mac = this.vault.mac('password-cache', JSON.stringify([username, password, row?.passwordHash ?? null]));
    if (row && this.isKnownSuccess(username, mac)) return toCaller(row);
    const pair = JSON.stringify([username, address]);
    // One at a time: a hundred guesses at once must not be hashed at once.
    await this.running.get(pair)?.catch(() => undefined);
    if (row && this.isKnownSuccess(username, mac)) return toCaller(row);
    this.takeTokens(pair, username, address);
    const verifying = verifyPassword(password, row?.passwordHash ?? null);
    this.running.set(pair, verifying);
    try {
      if (!(await verifying) || !row) return null;
    } finally {
      if (this.running.get(pair) === verifying) this.running.delete(pair);
    }
    this.rememberSuccess(username, mac);
    this.pairs.giveBack(pair);
    this.addresses.giveBack(address);
    return toCaller(row);
  }

  /** This process changed the operator. */
  forget(username: string): void {
    this.rows.forget(username);
    this.successes.delete(username);
  }

  private takeTokens(pair: string, username: string, address: string): void {
    if (!this.pairs.take(pair)) throw tooMany(this.pairs.retryAfterSeconds(pair));
    if (this.proven.has(username) || this.addresses.take(address)) return;
    throw tooMany(this.addresses.retryAfterSeconds(address));
  }

  private isKnownSuccess(username: string, mac: Buffer): boolean {
    const success = this.successes.get(username);
    return success !== undefined && success.untilMs > performance.now() && sameDigest(success.mac, mac);
  }

  private rememberSuccess(username: string, mac: Buffer): void {
    if (this.successes.size >= MAX_SUCCESSES) this.successes.clear();
    if (this.proven.size >= MAX_SUCCESSES) this.proven.clear();
    this.successes.set(username, { mac, untilMs: performance.now() + SUCCESS_MS });
    this.proven.add(username);
  }
}

function toCaller({ operatorId, username, role }: OperatorRow): OperatorCaller {
  return { kind: 'operator', operatorId, username, role };
}

function tooMany(retryAfterSeconds: number): Problem {
  return new Problem('rate_limited', 'Too many logins have failed; wait before the next one.', { retryAfterSeconds });
}
