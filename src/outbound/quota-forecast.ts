import { isTight, type QuotaRule } from './quota-rule.js';
import type { Quota } from './quota.service.js';
import { ceilingOf, reservedOf, type Priority } from './priorities.js';

export interface QuotaState {
  readonly limit: number;
  readonly windowSeconds: number;
  readonly used: number;
  /** Permits reserved for logins, operators and status queries. */
  readonly reserved: number;
  readonly left: number;
  readonly blockedUntil: string | null;
}

/** The permits of a quota that are available now and later. */
export class QuotaForecast {
  constructor(
    private readonly quota: Quota,
    private readonly rule: QuotaRule,
  ) {}

  async state(): Promise<QuotaState> {
    const { used, blockedUntil } = await this.quota.usage(this.rule);
    return {
      limit: this.rule.limit,
      windowSeconds: this.rule.windowMs / 1000,
      used,
      reserved: reservedOf(this.rule.limit),
      left: Math.max(this.rule.limit - used, 0),
      blockedUntil: blockedUntil?.toISOString() ?? null,
    };
  }

  /** True when the quota is small, so that every permit counts. */
  get isScarce(): boolean {
    return isTight(this.rule);
  }

  /**
   * `room`: the number of operations of a priority that can be sent now. `mustBatch`: operations that support batches
   * may only be sent in a batch.
   */
  async prospect(priority: Priority): Promise<{ readonly room: number; readonly mustBatch: boolean }> {
    const { limit } = this.rule;
    const { used, blockedForMs, probing } = await this.quota.usage(this.rule);
    const room = Math.max(ceilingOf(priority, limit) - used, 0);
    const mustBatch = probing || used >= ceilingOf('alone', limit);
    return { room: blockedForMs > 0 ? 0 : probing ? Math.min(room, 1) : room, mustBatch };
  }

  /** The time between two calls, in milliseconds, with which `permits` permits last until the next one is free. */
  async paceMs(priority: Priority, permits: number): Promise<number> {
    return (await this.quota.freeInMs(this.rule, priority, permits + 1)) / (permits + 1);
  }

  /** Gives aged work every other permit for the next 2 s. Call it repeatedly while aged work waits. */
  favorAged(): Promise<void> {
    return this.quota.favorAged(this.rule);
  }

  /** The time in milliseconds that the quota needs for `waiting` more calls. */
  async drainMs(waiting: number): Promise<number> {
    const { blockedForMs } = await this.quota.usage(this.rule);
    if (waiting === 0) return Math.ceil(blockedForMs);
    const inWindow = ceilingOf('background', this.rule.limit);
    // Full windows, plus the time until enough permits of the last window are free.
    const windows = Math.max(Math.ceil(waiting / inWindow) - 1, 0);
    const freeInMs = await this.quota.freeInMs(this.rule, 'background', waiting - windows * inWindow);
    return Math.ceil(Math.max(blockedForMs, freeInMs) + windows * this.rule.windowMs);
  }
}
