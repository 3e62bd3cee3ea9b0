import { isTight, type Quota, type QuotaRule } from './quota.service.js';
import { ceilingOf, reservedOf, type Priority } from './priorities.js';

export interface QuotaState {
  readonly limit: number;
  readonly windowSeconds: number;
  readonly used: number;
  /** Reserved for logins, operators and status queries. */
  readonly reserved: number;
  readonly left: number;
  readonly blockedUntil: string | null;
}

/** What of a budget is to be had, now and later. */
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

  /** Whether permits are so few that it matters who gets them. */
  get isScarce(): boolean {
    return isTight(this.rule);
  }

  /** How many operations of that lane can be sent now, and whether those that can go together must by now. */
  async prospect(lane: Priority): Promise<{ readonly room: number; readonly mustGoTogether: boolean }> {
    const { limit } = this.rule;
    const { used, blockedForMs, probing } = await this.quota.usage(this.rule);
    const room = Math.max(ceilingOf(lane, limit) - used, 0);
    const mustGoTogether = probing || used >= ceilingOf('alone', limit);
    return { room: blockedForMs > 0 ? 0 : probing ? Math.min(room, 1) : room, mustGoTogether };
  }

  /** Milliseconds between two calls with which that many permits last until there is another one. */
  async paceMs(lane: Priority, permits: number): Promise<number> {
    return (await this.quota.freeInMs(this.rule, lane, permits + 1)) / (permits + 1);
  }

  /** Operations have waited long: newcomers leave them every second permit. To be said again all the time. */
  favourThoseWhoWait(): Promise<void> {
    return this.quota.favourThoseWhoWait(this.rule);
  }

  /** Milliseconds until so many waiting calls have been sent, as far as the quota decides. */
  async drainMs(waiting: number): Promise<number> {
    const { blockedForMs } = await this.quota.usage(this.rule);
    if (waiting === 0) return Math.ceil(blockedForMs);
    const inWindow = ceilingOf('background', this.rule.limit);
    // Whole windows, and what of the last one has to be free again.
    const windows = Math.max(Math.ceil(waiting / inWindow) - 1, 0);
    const freeInMs = await this.quota.freeInMs(this.rule, 'background', waiting - windows * inWindow);
    return Math.ceil(Math.max(blockedForMs, freeInMs) + windows * this.rule.windowMs);
  }
}
