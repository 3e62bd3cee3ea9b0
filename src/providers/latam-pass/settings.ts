import { readNotificationCredentials, type NotificationCredentials } from '../../config/notification-credentials.js';
import { credentialReader, readBaseUrl } from '../../config/provider-reader.js';
import type { EnvironmentReader } from '../../config/reader.js';
import type { Variable } from '../../config/variables.js';
import type { ProviderSettings } from '../../connector/manifest.js';

export const LATAM_PASS_VARIABLES = {
  LATAM_PASS_BASE_URL: {
    text: 'https, without the /sandbox suffix. As for every base URL, plain http is allowed for loopback addresses only.',
  },
  LATAM_PASS_ENVIRONMENT: {
    text: 'sandbox (adds the prefix /sandbox and the test header) or production.',
    default: 'production',
  },
  LATAM_PASS_CLIENT_ID: { text: '' },
  LATAM_PASS_CLIENT_SECRET: { text: '', secret: true },
  LATAM_PASS_AUTHORIZATION: {
    text: 'The Basic credentials of the token call, already encoded. Unset: encoded from client id and secret.',
    secret: true,
  },
  LATAM_PASS_PARTNER_ID: { text: '' },
  LATAM_PASS_PRODUCT_ID: { text: 'Default for apps without a product id.' },
  LATAM_PASS_ISSUE_BANK: { text: 'Default bank (x-issue-bank) for requests about cobranded cards.' },
  LATAM_PASS_REQUESTS_PER_MINUTE: {
    text: 'LATAM Pass documents no limit. This limit protects only against a defect that sends without end.',
    default: '60000',
  },
  LATAM_PASS_NOTIFICATION_USERNAME: {
    text: "Credentials of LATAM Pass's notifications. Unset: notifications are rejected, and the status is polled.",
  },
  LATAM_PASS_NOTIFICATION_PASSWORD: { text: '', secret: true },
  LATAM_PASS_NOTIFICATION_USERNAME_2: { text: 'A second pair for a rotation. Both pairs are valid.' },
  LATAM_PASS_NOTIFICATION_PASSWORD_2: { text: '', secret: true },
  LATAM_PASS_NOTIFICATION_HEADERS: {
    text: 'Headers with fixed values that every notification must also have, as JSON, e.g. {"x-api-key":"…"}.',
    secret: true,
  },
} as const satisfies Record<string, Variable>;

export interface LatamPassSettings extends ProviderSettings {
  /** Without the `/sandbox` prefix. */
  readonly baseUrl: string;
  readonly environment: 'sandbox' | 'production';
  readonly clientId: string;
  readonly clientSecret: string;
  /** The Basic credentials of the token call, already encoded; null: encoded from client id and secret. */
  readonly authorization: string | null;
  readonly partnerId: string;
  readonly productId: string | null;
  /** Default value of `x-issue-bank` for requests about cobranded cards. */
  readonly issueBank: string | null;
  readonly requestsPerMinute: number;
  /** Without a pair, notifications are rejected and the status is polled. */
  readonly notifications: NotificationCredentials;
}

/** LATAM Pass documents no limit. This limit protects only against a defect that sends without end. */
const REQUESTS_PER_MINUTE = 60_000;

export function readLatamPass(read: EnvironmentReader<keyof typeof LATAM_PASS_VARIABLES>): LatamPassSettings {
  const baseUrl = readBaseUrl(read, 'LATAM_PASS_BASE_URL');
  if (baseUrl?.endsWith('/sandbox')) {
    read.fail('LATAM_PASS_BASE_URL', 'must not end in /sandbox: set LATAM_PASS_ENVIRONMENT=sandbox, which adds it');
  }
  const environment = read.choice('LATAM_PASS_ENVIRONMENT', ['sandbox', 'production'], 'production');
  if (baseUrl !== null && environment === 'sandbox' && read.isProduction) {
    read.warn('LATAM_PASS_ENVIRONMENT is sandbox in production: no real points are credited.');
  }
  const authorization = read.text('LATAM_PASS_AUTHORIZATION');
  const credential = credentialReader(read, 'LATAM_PASS_BASE_URL', baseUrl);
  const clientSecret =
    authorization === null ? credential('LATAM_PASS_CLIENT_SECRET') : read.text('LATAM_PASS_CLIENT_SECRET');
  const notifications = readNotificationCredentials(read, {
    username: 'LATAM_PASS_NOTIFICATION_USERNAME',
    password: 'LATAM_PASS_NOTIFICATION_PASSWORD',
    username2: 'LATAM_PASS_NOTIFICATION_USERNAME_2',
    password2: 'LATAM_PASS_NOTIFICATION_PASSWORD_2',
    headers: 'LATAM_PASS_NOTIFICATION_HEADERS',
  });
  if (baseUrl !== null && notifications.pairs.length === 0) {
    read.warn('LATAM_PASS_NOTIFICATION_USERNAME is not set: notifications are rejected, and accruals are polled.');
  }
  return {
    baseUrl: baseUrl ?? '',
    environment,
    clientId: credential('LATAM_PASS_CLIENT_ID'),
    clientSecret: clientSecret ?? '',
    authorization,
    partnerId: credential('LATAM_PASS_PARTNER_ID'),
    productId: read.text('LATAM_PASS_PRODUCT_ID'),
    issueBank: read.matching(
      'LATAM_PASS_ISSUE_BANK',
      /^[\x21-\x7e](?:[\x20-\x7e]{0,48}[\x21-\x7e])?$/,
      'the value of a header: 1 to 50 printable ASCII characters',
    ),
    requestsPerMinute: read.integer('LATAM_PASS_REQUESTS_PER_MINUTE', REQUESTS_PER_MINUTE, 1, 10_000_000),
    notifications,
  };
}
