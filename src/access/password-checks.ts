import { Problem } from '../common/problem.js';
import { FairLane } from './fair-lane.js';
import { verifyPassword } from './passwords.js';

/** Hashes at the same time, for logins that nothing speaks against: each takes some 23 ms of one core and 19 MiB. */
const MAX_AT_ONCE = 2;
/** What one refusal takes at least while logins are under pressure, and how far apart they are. */
const REFUSAL_MS = 250;
const REFUSAL_PACE_MS = 25;
/** Refusals that may wait; beyond this they are given at once. */
const MAX_WAITING = 400;

export interface LoginAttempt {
  /** Equal for equal names, passwords and stored hashes. */
  readonly key: string;
  /** The name and the address that it comes from. */
  readonly pair: string;
  readonly password: string;
  /** null: there is no such operator. */
  readonly passwordHash: string | null;
  /** Not too many of this pair and this address have failed lately. */
  readonly isTolerated: boolean;
}

/**
 * Decides whether passwords are right, within the work that hashing may cost. While few logins fail, each is hashed at
 * once, names that do not exist included. Under pressure those are not hashed at all, and the passwords of operators are
 * hashed in a lane of their own, one at a time: a flood of wrong ones neither takes all cores nor keeps a right one
 * waiting. A refusal then comes after a pause that is the same whether the name exists or not.
 */
export class PasswordChecks {
  private readonly running = new Map<string, Promise<boolean>>();
  private readonly operators = new FairLane(MAX_WAITING);
  private atOnce = 0;
  private nextRefusalAtMs = 0;

  /** Equal attempts at the same time are one. @throws Problem `rate_limited` when too many wait for the same name */
  isRight(attempt: LoginAttempt): Promise<boolean> {
    const running = this.running.get(attempt.key);
    if (running) return running;
    const isPressed = !attempt.isTolerated || this.atOnce >= MAX_AT_ONCE;
    const checking = isPressed ? this.checkUnderPressure(attempt) : this.checkAtOnce(attempt);
    const kept = checking.finally(() => this.running.delete(attempt.key));
    this.running.set(attempt.key, kept);
    return kept;
  }

  private async checkAtOnce({ password, passwordHash }: LoginAttempt): Promise<boolean> {
    this.atOnce += 1;
    try {
      return await verifyPassword(password, passwordHash);
    } finally {
      this.atOnce -= 1;
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

  /** Its turn is taken when the attempt arrives. */
  private refusal(): Promise<void> {
    const nowMs = performance.now();
    const atMs = Math.max(this.nextRefusalAtMs, nowMs) + REFUSAL_PACE_MS;
    if (atMs - nowMs > MAX_WAITING * REFUSAL_PACE_MS) return Promise.resolve();
    this.nextRefusalAtMs = atMs;
    return new Promise((resolve) => setTimeout(resolve, Math.max(REFUSAL_MS, atMs - nowMs)));
  }
}

export function tooManyLogins(retryAfterSeconds: number): Problem {
  return new Problem('rate_limited', 'Too many failed logins; wait before you try again.', { retryAfterSeconds });
}
