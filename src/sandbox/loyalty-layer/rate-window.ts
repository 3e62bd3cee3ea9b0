import { Injectable } from '@nestjs/common';
import { Counters } from '../counters.js';
import { Journal } from '../journal.js';
import { Report } from '../report.js';
import { LoyaltyLayerSettings, NAME } from './settings.js';

const WINDOW_MS = 60_000;

const VIOLATIONS = `${NAME} violations`;
const BLOCKED_REQUESTS = `${NAME} blocked requests`;

interface Address {
  times: number[];
  blockedUntil: number;
}

/**
 * "100 requests per minute per IP. And 1 minute blocked traffic from same IP after exceed rate limit." A sliding window
 * over all requests of an address, including token calls and refused requests.
 */
@Injectable()
export class RateWindow {
  private readonly addresses = new Map<string, Address>();
  private highest = 0;

  constructor(
    private readonly settings: LoyaltyLayerSettings,
    private readonly counts: Counters,
    journal: Journal,
    report: Report,
  ) {
    report.add(NAME, this);
    journal.onReset(() => this.clear());
  }

  /** Counts a request. Returns the seconds until the block ends; `undefined`: the request is admitted. */
  admit(ip: string): number | undefined {
    const now = Date.now();
    const address = this.address(ip);
    if (now < address.blockedUntil) {
      this.counts.add(BLOCKED_REQUESTS);
      return secondsUntil(address.blockedUntil, now);
    }
    address.times = address.times.filter((time) => time > now - WINDOW_MS);
    address.times.push(now);
    this.highest = Math.max(this.highest, address.times.length);
    if (address.times.length <= this.settings.requestsPerMinute) return undefined;
    this.counts.add(VIOLATIONS);
    address.blockedUntil = now + this.settings.blockMs;
    address.times = [];
    return secondsUntil(address.blockedUntil, now);
  }

  counters(): Record<string, number | string | null> {
    const now = Date.now();
    const all = [...this.addresses.values()];
    const blockedUntil = Math.max(0, ...all.map((address) => address.blockedUntil));
    return {
      violations: this.counts.of(VIOLATIONS),
      blockedRequests: this.counts.of(BLOCKED_REQUESTS),
      mostRequestsInWindow: this.highest,
      requestsInWindow: all.flatMap(({ times }) => times).filter((time) => time > now - WINDOW_MS).length,
      blockedUntil: blockedUntil > now ? new Date(blockedUntil).toISOString() : null,
    };
  }

  private clear(): void {
    this.addresses.clear();
    this.highest = 0;
  }

  private address(ip: string): Address {
    const known = this.addresses.get(ip) ?? { times: [], blockedUntil: 0 };
    this.addresses.set(ip, known);
    return known;
  }
}

function secondsUntil(until: number, now: number): number {
  return Math.ceil((until - now) / 1000);
}
