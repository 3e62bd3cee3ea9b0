import { Inject, Injectable } from '@nestjs/common';
import { Journal } from '../journal.js';
import { SETTINGS, type SandboxSettings } from '../settings.js';
import { Tally } from '../counters.js';

const WINDOW_MS = 60_000;

const VIOLATIONS = 'loyalty-layer violations';
const BLOCKED_REQUESTS = 'loyalty-layer blocked requests';

interface Address {
  times: number[];
  blockedUntil: number;
}

/**
 * "100 requests per minute per IP. And 1 minute blocked traffic from same IP after exceed rate limit." A sliding
 * window over every request of an address, token calls and refused ones included.
 */
@Injectable()
export class RateWindow {
  private readonly addresses = new Map<string, Address>();
  private highest = 0;

  constructor(
    @Inject(SETTINGS) private readonly settings: SandboxSettings,
    private readonly tally: Tally,
    journal: Journal,
  ) {
    journal.onReset(() => this.clear());
  }

  /** Seconds to wait, or `undefined` when the request may pass. */
  admit(ip: string): number | undefined {
    const now = Date.now();
    const address = this.address(ip);
    if (now < address.blockedUntil) {
      this.tally.add(BLOCKED_REQUESTS);
      return secondsUntil(address.blockedUntil, now);
    }
    address.times = address.times.filter((time) => time > now - WINDOW_MS);
    address.times.push(now);
    this.highest = Math.max(this.highest, address.times.length);
    if (address.times.length <= this.settings.requestsPerMinute) return undefined;
    this.tally.add(VIOLATIONS);
    address.blockedUntil = now + this.settings.blockMs;
    address.times = [];
    return secondsUntil(address.blockedUntil, now);
  }

  counters(): Record<string, number | string | null> {
    const now = Date.now();
    const all = [...this.addresses.values()];
    const blockedUntil = Math.max(0, ...all.map((address) => address.blockedUntil));
    return {
      violations: this.tally.of(VIOLATIONS),
      blockedRequests: this.tally.of(BLOCKED_REQUESTS),
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
