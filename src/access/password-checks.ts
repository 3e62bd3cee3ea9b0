import { Problem } from '../common/problem.js';
import { FairLane } from './fair-lane.js';
import { verifyPassword } from './passwords.js';

/** Concurrent hashes for unsuspicious logins: each takes about 23 ms of one core and 19 MiB. */
const MAX_CONCURRENT_HASHES = 2;
/** Under pressure, the minimum time of a refusal, and the minimum time between two refusals. */
const REFUSAL_MS = 250;
const REFUSAL_PACE_MS = 25;
/** Maximum number of delayed refusals; further ones are returned at once. */
const MAX_WAITING = 400;

export interface LoginAttempt {
  /** Equal for equal names, passwords and stored hashes. */
  readonly key: string;
  /** The name and the client address. */
  readonly pair: string;
  readonly password: string;
  /** null: the operator does not exist. */
  readonly passwordHash: string | null;
  /** True when the limits for failed logins of this pair and address are not used up. */
  readonly isTolerated: boolean;
}

/**
 * Checks passwords with a bound on the cost of hashing. While few logins fail, each password is hashed at once, even
 * for unknown names. Under pressure, unknown names are not hashed, and the passwords of operators are hashed one at a
 * time in a fair lane: a flood of wrong passwords neither takes all cores nor delays a valid one. A refusal then comes
 * after the same pause whether or not the name exists.
 */
export class PasswordChecks {
  private readonly running = new Map<string, Promise<boolean>>();
  private readonly operators = new FairLane(MAX_WAITING);
  private concurrentHashes = 0;
  private nextRefusalAtMs = 0;

  /** Equal concurrent attempts share one check. @throws Problem `rate_limited` when too many wait for the same name */
  isRight(attempt: LoginAttempt): Promise<boolean> {
    const running = this.running.get(attempt.key);
    if (running) return running;
    const isUnderPressure = !attempt.isTolerated || this.concurrentHashes >= MAX_CONCURRENT_HASHES;
    const checking = isUnderPressure ? this.checkUnderPressure(attempt) : this.checkAtOnce(attempt);
    const kept = checking.finally(() => this.running.delete(attempt.key));
    this.running.set(attempt.key, kept);
    return kept;
  }

  private async checkAtOnce({ password, passwordHash }: LoginAttempt): Promise<boolean> {
    this.concurrentHashes += 1;
    try {
      return await verifyPassword(password, passwordHash);
    } finally {
      this.concurrentHashes -= 1;
    }
  }

  private async checkUnderPressure({ pair, password, passwordHash }: LoginAttempt): Promise<boolean> {
    const refusal = this.refusal();
    if (passwordHash !== null) {
      const isRight = await this.operators.run(pair, () => verifyPassword(password, passwordHash));
      if (isRight === null) throw tooManyLogins(1);
      if (isRight) return true;
    }
    await refusal;
    return false;
  }

  /** Resolves when the refusal may be returned. Its time slot is reserved when the attempt arrives. */
  private refusal(): Promise<void> {
    const nowMs = performance.now();
    const atMs = Math.max(this.nextRefusalAtMs, nowMs) + REFUSAL_PACE_MS;
    if (atMs - nowMs > MAX_WAITING * REFUSAL_PACE_MS) return Promise.resolve();
    this.nextRefusalAtMs = atMs;
    return new Promise((resolve) => setTimeout(resolve, Math.max(REFUSAL_MS, atMs - nowMs)));
  }
}

export function tooManyLogins(retryAfterSeconds: number): Problem {
  return new Problem('rate_limited', 'Too many failed logins. Wait before you retry.', { retryAfterSeconds });
}
