import { type DelayRangeMs } from '../delays.js';
import { type EnvironmentReader } from '../environment-reader.js';
import { type NotificationTarget } from '../notification-target.js';

export const NAME = 'latam-pass';
/** The path below the sandbox's URL. The test environment is under this path and `/sandbox`. */
export const PATH = 'latam-pass';

/** LATAM Pass's own settings; also their injection token. */
export class LatamPassSettings {
  /** Time until an accrual is final. */
  readonly accrualDelayMs: DelayRangeMs;
  /** First and longest pause between two attempts at a notification. */
  readonly notificationRetryMs: DelayRangeMs;
  /** undefined: no notifications are sent, and the status must be polled. */
  readonly notifications: NotificationTarget | undefined;

  constructor(read: EnvironmentReader, notifications: NotificationTarget | undefined) {
    // LATAM Pass's page on accruals: half are final within 3 s, three quarters within 4 s, 88 % within 6 s.
    this.accrualDelayMs = read.rangeMs('SANDBOX_ACCRUAL_DELAY_MS', [2000, 6000]);
    this.notificationRetryMs = read.rangeMs('SANDBOX_NOTIFICATION_RETRY_MS', [500, 15_000]);
    this.notifications = notifications ?? read.notificationTarget('SANDBOX_NOTIFICATION');
  }
}
