import { isIP } from 'node:net';
import { cents } from './amounts.js';
import { type DelayRangeMs } from './delays.js';
import { type NotificationTarget } from './notification-target.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads environment variables; an empty one counts as unset. It collects all problems, so that one start reports all of
 * them.
 */
export class EnvironmentReader {
  readonly problems: string[] = [];

  constructor(private readonly environment: Environment) {}

  text(name: string): string | undefined {
    return this.environment[name] || undefined;
  }

  host(name: string, fallback: string): string {
    const value = this.text(name);
    if (value === undefined || value === 'localhost' || isIP(value)) return value ?? fallback;
    return this.bad(name, 'must be an IP address', fallback);
  }

  whole<Fallback>(name: string, [min, max]: readonly [number, number], fallback: Fallback): number | Fallback {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const number = /^\d{1,9}$/.test(value) ? Number(value) : -1;
    if (number >= min && number <= max) return number;
    return this.bad(name, `must be a whole number from ${min} to ${max}`, fallback);
  }

  /** An amount such as `1000.00`, in hundredths. */
  amount(name: string, fallback: string): number {
    try {
      return cents(this.text(name) ?? fallback);
    } catch {
      return this.bad(name, 'must be an amount such as 1000.00', 0);
    }
  }

  /** `min,max` */
  rangeMs(name: string, fallback: DelayRangeMs): DelayRangeMs {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const match = /^(\d{1,9}),(\d{1,9})$/.exec(value);
    const [min, max] = [Number(match?.[1]), Number(match?.[2])];
    return min <= max ? [min, max] : this.bad(name, 'must be two numbers of milliseconds "min,max"', fallback);
  }

  /** `<prefix>_URL`, `<prefix>_USERNAME` and `<prefix>_PASSWORD`: all of them, or no URL. */
  notificationTarget(prefix: string): NotificationTarget | undefined {
    const url = this.text(`${prefix}_URL`);
    if (url === undefined) return undefined;
    if (!URL.canParse(url)) return this.bad(`${prefix}_URL`, 'must be a URL', undefined);
    return { url, username: this.besideUrl(`${prefix}_USERNAME`), password: this.besideUrl(`${prefix}_PASSWORD`) };
  }

  private besideUrl(name: string): string {
    return this.text(name) ?? this.bad(name, 'must be given with the URL', '');
  }

  private bad<Fallback>(name: string, problem: string, fallback: Fallback): Fallback {
    this.problems.push(`${name} ${problem}`);
    return fallback;
  }
}
