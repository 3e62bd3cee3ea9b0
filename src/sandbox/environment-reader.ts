import { isIP } from 'node:net';
import { cents, type DelayRangeMs, type NotificationTarget, type SandboxOptions } from './settings.js';

type Environment = Readonly<Record<string, string | undefined>>;

export type EnvironmentReading =
  | { readonly ok: true; readonly options: SandboxOptions }
  | { readonly ok: false; readonly problems: readonly string[] };

/** The options of a stand-alone sandbox; every bad variable is named, not only the first. */
export function readEnvironment(environment: Environment): EnvironmentReading {
  const reader = new Reader(environment);
  const options: SandboxOptions = {
    host: reader.host('SANDBOX_HOST') ?? '127.0.0.1',
    port: reader.whole('SANDBOX_PORT', 0, 65_535) ?? 0,
    journalFile: reader.text('SANDBOX_JOURNAL'),
    notifications: reader.notifications(),
    accrualDelayMs: reader.rangeMs('SANDBOX_ACCRUAL_DELAY_MS'),
    upstreamDelayMs: reader.rangeMs('SANDBOX_UPSTREAM_DELAY_MS'),
    requestsPerMinute: reader.whole('SANDBOX_REQUESTS_PER_MINUTE', 1, 1_000_000),
    blockMs: reader.whole('SANDBOX_BLOCK_MS', 0, 3_600_000),
    floatUsd: reader.amount('SANDBOX_FLOAT_USD'),
    balanceLagMs: reader.whole('SANDBOX_BALANCE_LAG_MS', 0, 3_600_000),
    notificationRetryMs: reader.rangeMs('SANDBOX_NOTIFICATION_RETRY_MS'),
    tokenSeconds: reader.whole('SANDBOX_TOKEN_SECONDS', 1, 86_400),
  };
  return reader.problems.length === 0 ? { ok: true, options } : { ok: false, problems: reader.problems };
}

class Reader {
  readonly problems: string[] = [];

  constructor(private readonly environment: Environment) {}

  text(name: string): string | undefined {
    return this.environment[name] || undefined;
  }

  host(name: string): string | undefined {
    const value = this.text(name);
    return value === undefined || value === 'localhost' || isIP(value)
      ? value
      : this.bad(name, 'must be an IP address');
  }

  whole(name: string, min: number, max: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^\d{1,9}$/.test(value) ? Number(value) : -1;
    return number >= min && number <= max ? number : this.bad(name, `must be a whole number from ${min} to ${max}`);
  }

  amount(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    try {
      cents(value);
      return value;
    } catch {
      return this.bad(name, 'must be an amount such as 1000.00');
    }
  }

  /** `min,max` */
  rangeMs(name: string): DelayRangeMs | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const match = /^(\d{1,9}),(\d{1,9})$/.exec(value);
    const [min, max] = [Number(match?.[1]), Number(match?.[2])];
    return min <= max ? [min, max] : this.bad(name, 'must be two numbers of milliseconds "min,max"');
  }

  notifications(): Record<string, NotificationTarget> {
    const target = this.notification();
    return target ? { 'latam-pass': target } : {};
  }

  private notification(): NotificationTarget | undefined {
    const url = this.text('SANDBOX_NOTIFICATION_URL');
    if (url === undefined) return undefined;
    if (!URL.canParse(url)) return this.bad('SANDBOX_NOTIFICATION_URL', 'must be a URL');
    const username = this.text('SANDBOX_NOTIFICATION_USERNAME');
    const password = this.text('SANDBOX_NOTIFICATION_PASSWORD');
    if (username === undefined) this.bad('SANDBOX_NOTIFICATION_USERNAME', 'must be given with the URL');
    if (password === undefined) this.bad('SANDBOX_NOTIFICATION_PASSWORD', 'must be given with the URL');
    return { url, username: username ?? '', password: password ?? '' };
  }

  private bad(name: string, problem: string): undefined {
    this.problems.push(`${name} ${problem}`);
    return undefined;
  }
}
