import { LATAM_PASS_DEMO, LATCOM_DEMO, LOYALTY_LAYER_DEMO } from './credentials.js';

export interface SandboxCredentials {
  readonly latamPass: {
    readonly clientId: string;
    readonly clientSecret: string;
    readonly partnerId: string;
    readonly productIds: readonly string[];
  };
  readonly loyaltyLayer: { readonly clientId: string; readonly clientSecret: string };
  readonly latcom: { readonly customerId: string; readonly secretKey: string };
}

/** Where a provider sends its notifications, and the Basic credentials that it sends with them. */
export interface NotificationTarget {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

/** From and to, both included, in milliseconds. */
export type DelayRangeMs = readonly [number, number];

export interface SandboxOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** State is kept here and survives a restart; without it, it lives in memory. */
  readonly journalFile?: string | undefined;
  /** By the provider's name. A provider without a target sends no notifications; its caller must poll. */
  readonly notifications?: Readonly<Record<string, NotificationTarget>> | undefined;
  readonly credentials?: Partial<SandboxCredentials> | undefined;
  /** Time until an accrual is final. */
  readonly accrualDelayMs?: DelayRangeMs | undefined;
  /** Time that LoyaltyLayer and LATCOM take for what they execute. */
  readonly upstreamDelayMs?: DelayRangeMs | undefined;
  /** LoyaltyLayer: requests allowed per address in any 60 s. */
  readonly requestsPerMinute?: number | undefined;
  /** LoyaltyLayer: how long an address is blocked after going over. */
  readonly blockMs?: number | undefined;
  /** LATCOM: the balance to begin with, such as `1000.00`. */
  readonly floatUsd?: string | undefined;
  /** LATCOM: how far the balance that is asked for lags behind what was executed. */
  readonly balanceLagMs?: number | undefined;
  /** First pause and longest pause between two attempts at a notification. */
  readonly notificationRetryMs?: DelayRangeMs | undefined;
  /** Overrides the documented life of every provider's tokens. */
  readonly tokenSeconds?: number | undefined;
  /** False lets the lines through that Nest writes while it starts. */
  readonly quiet?: boolean | undefined;
}

/** The options with every default filled in. */
export interface SandboxSettings {
  readonly journalFile: string | undefined;
  readonly notification: NotificationTarget | undefined;
  readonly credentials: SandboxCredentials;
  readonly accrualDelayMs: DelayRangeMs;
  readonly upstreamDelayMs: DelayRangeMs;
  readonly requestsPerMinute: number;
  readonly blockMs: number;
  readonly floatCents: number;
  readonly balanceLagMs: number;
  readonly notificationRetryMs: DelayRangeMs;
  readonly tokenSeconds: number | undefined;
}

/** Injection token of `SandboxSettings`. */
export const SETTINGS = Symbol('sandbox settings');

const DEMO: SandboxCredentials = { latamPass: LATAM_PASS_DEMO, loyaltyLayer: LOYALTY_LAYER_DEMO, latcom: LATCOM_DEMO };

export function settle(options: SandboxOptions): SandboxSettings {
  return {
    journalFile: options.journalFile,
    notification: options.notifications?.['latam-pass'],
    credentials: { ...DEMO, ...options.credentials },
    // LATAM Pass's page on accruals: half are final within 3 s, three quarters within 4 s, 88 % within 6 s.
    accrualDelayMs: options.accrualDelayMs ?? [2000, 6000],
    upstreamDelayMs: options.upstreamDelayMs ?? [0, 0],
    requestsPerMinute: options.requestsPerMinute ?? 100,
    blockMs: options.blockMs ?? 60_000,
    floatCents: cents(options.floatUsd ?? '100000.00'),
    balanceLagMs: options.balanceLagMs ?? 0,
    notificationRetryMs: options.notificationRetryMs ?? [500, 15_000],
    tokenSeconds: options.tokenSeconds,
  };
}

/** An amount such as `12.50` in hundredths, without a float in between. */
export function cents(amount: string): number {
  const match = /^(\d{1,12})(?:\.(\d{2}))?$/.exec(amount);
  if (!match) throw new RangeError(`"${amount}" is not an amount such as 1000.00`);
  return Number(`${match[1]}${match[2] ?? '00'}`);
}

/** Hundredths as text with two decimals. */
export function decimal(hundredths: number): string {
  const sign = hundredths < 0 ? '-' : '';
  const digits = String(Math.abs(hundredths)).padStart(3, '0');
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

export function randomDelayMs([min, max]: DelayRangeMs): number {
  return min + Math.floor(Math.random() * (max - min + 1));
}
