import { readHeaders, readPairs, type NotificationPair } from './notification-pairs.js';
import type { EnvironmentReader } from './reader.js';
import type { ProviderName } from '../connector/connector.js';
import type { VariableName } from './variables.js';

/** What the settings of every provider have in common. */
export interface ReachableSettings {
  /** Played by the built-in sandbox. */
  readonly sandbox: boolean;
  readonly baseUrl: string;
}

/** `latam-pass` is `latamPass` in the configuration. */
type GroupOf<Name extends string> = Name extends `${infer Word}-${infer Rest}`
  ? `${Word}${Capitalize<GroupOf<Rest>>}`
  : Name;

/** The settings of each provider. The compiler asks for those of a new provider, and for all that is listed by them. */
export interface ProviderSettings extends Record<GroupOf<ProviderName>, ReachableSettings> {
  readonly latamPass: LatamPassSettings;
  readonly loyaltyLayer: LoyaltyLayerSettings;
  readonly latcom: LatcomSettings;
}

export interface LatamPassSettings extends ReachableSettings {
  /** Without a slash at the end, without the `/sandbox` prefix. */
  readonly baseUrl: string;
  readonly environment: 'sandbox' | 'production';
  readonly clientId: string;
  readonly clientSecret: string;
  /** A ready-made Basic code for the token call, instead of one made from id and secret. */
  readonly authorization: string | null;
  readonly partnerId: string;
  readonly productId: string | null;
  /** Value of `x-issue-bank` for requests about cobranded cards that name no bank. */
  readonly issueBank: string | null;
  readonly requestsPerMinute: number;
  /** None: nothing is notified, and the status is polled. Two: one of them is being rotated. */
  readonly notificationPairs: readonly NotificationPair[];
  /** Headers, by lower-case name, that every notification must carry besides. */
  readonly notificationHeaders: Readonly<Record<string, string>>;
}

export interface LoyaltyLayerSettings extends ReachableSettings {
  readonly apiBaseUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Sent with the login when set; the guide's own request has none. */
  readonly grantType: string | null;
  readonly requestsPerMinute: number;
  /** Name of the egress address whose budget is shared. */
  readonly egress: string;
  /** How many waiting creates may go out as one batch-create; 1: each goes alone. */
  readonly batchMaxSize: number;
  /** With which cards may be encrypted (`alg` of the JWE). */
  readonly jweAlgorithms: readonly string[];
}

export interface LatcomSettings extends ReachableSettings {
  /** Up to and including `/api/distributor`. */
  readonly baseUrl: string;
  readonly customerId: string;
  readonly secretKey: string;
  readonly timeoutMs: number;
  readonly requestsPer15Minutes: number;
  /** Part of the observed float that may be spent, as a decimal from 0.01 to 1. */
  readonly floatSafety: string;
  /** Balances below which an alarm is raised, as decimals in LATCOM's own currency. */
  readonly lowFloat: readonly string[];
  /** How often the balance is asked for. */
  readonly balanceEveryMs: number;
  /** How far a balance that is asked for may be behind what was executed. */
  readonly balanceLagMs: number;
}

/** LATAM Pass documents no limit; this one only stops a runaway. */
const LATAM_PASS_REQUESTS_PER_MINUTE = 60_000;
const LATCOM_TIMEOUT_MS = 45_000;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
/** RSA with OAEP, which is what an RSA key is for; the older padding is not safe. */
const JWE_ALGORITHMS = /^RSA-OAEP(-(256|384|512))?(,RSA-OAEP(-(256|384|512))?)*$/;

export function readProviders(read: EnvironmentReader): ProviderSettings {
  return { latamPass: readLatamPass(read), loyaltyLayer: readLoyaltyLayer(read), latcom: readLatcom(read) };
}

function readLatamPass(read: EnvironmentReader): LatamPassSettings {
  const baseUrl = readBaseUrl(read, 'LATAM_PASS_BASE_URL');
  if (baseUrl?.endsWith('/sandbox')) {
    read.fail('LATAM_PASS_BASE_URL', 'must not end in /sandbox: set LATAM_PASS_ENVIRONMENT=sandbox, which adds it');
  }
  const environment = read.choice('LATAM_PASS_ENVIRONMENT', ['sandbox', 'production'], 'production');
  const authorization = read.text('LATAM_PASS_AUTHORIZATION');
  const need = needs(read, 'LATAM_PASS_BASE_URL', baseUrl);
  const clientSecret =
    authorization === null ? need('LATAM_PASS_CLIENT_SECRET') : read.text('LATAM_PASS_CLIENT_SECRET');
  const notificationPairs = readPairs(read);
  if (baseUrl !== null && notificationPairs.length === 0) {
    read.warn('LATAM_PASS_NOTIFICATION_USERNAME is not set: no notifications are accepted, accruals are polled.');
  }
  return {
    sandbox: baseUrl === null,
    baseUrl: baseUrl ?? '',
    environment: baseUrl === null ? 'sandbox' : environment,
    clientId: need('LATAM_PASS_CLIENT_ID'),
    clientSecret: clientSecret ?? '',
    authorization,
    partnerId: need('LATAM_PASS_PARTNER_ID'),
    productId: read.text('LATAM_PASS_PRODUCT_ID'),
    issueBank: read.matching(
      'LATAM_PASS_ISSUE_BANK',
      /^[\x21-\x7e](?:[\x20-\x7e]{0,48}[\x21-\x7e])?$/,
      'the value of a header: 1 to 50 printable ASCII characters',
    ),
    requestsPerMinute: read.integer('LATAM_PASS_REQUESTS_PER_MINUTE', LATAM_PASS_REQUESTS_PER_MINUTE, 1, 10_000_000),
    notificationPairs,
    notificationHeaders: readHeaders(read),
  };
}

function readLoyaltyLayer(read: EnvironmentReader): LoyaltyLayerSettings {
  const baseUrl = readBaseUrl(read, 'LOYALTY_LAYER_BASE_URL');
  const need = needs(read, 'LOYALTY_LAYER_BASE_URL', baseUrl);
  return {
    sandbox: baseUrl === null,
    baseUrl: baseUrl ?? '',
    apiBaseUrl: readBaseUrl(read, 'LOYALTY_LAYER_API_BASE_URL') ?? baseUrl ?? '',
    clientId: need('LOYALTY_LAYER_CLIENT_ID'),
    clientSecret: need('LOYALTY_LAYER_CLIENT_SECRET'),
    grantType: read.matching(
      'LOYALTY_LAYER_GRANT_TYPE',
      /^[\w:./-]{1,100}$/,
      'a grant type such as client_credentials',
    ),
    requestsPerMinute: read.integer('LOYALTY_LAYER_REQUESTS_PER_MINUTE', 100, 1, 1_000_000),
    egress: read.matching('LOYALTY_LAYER_EGRESS', /^[\w.:-]{1,64}$/, 'a short name or an address') ?? 'default',
    batchMaxSize: readBatchSize(read),
    jweAlgorithms: (
      read.matching('LOYALTY_LAYER_JWE_ALGORITHMS', JWE_ALGORITHMS, 'a list such as RSA-OAEP-256,RSA-OAEP') ??
      'RSA-OAEP-256'
    ).split(','),
  };
}

/** Both variables are checked, also the one that the other makes useless. */
function readBatchSize(read: EnvironmentReader): number {
  const size = read.integer('LOYALTY_LAYER_BATCH_MAX_SIZE', 25, 2, 500);
  return read.boolean('LOYALTY_LAYER_COALESCING') === false ? 1 : size;
}

function readLatcom(read: EnvironmentReader): LatcomSettings {
  const baseUrl = readBaseUrl(read, 'LATCOM_BASE_URL');
  const need = needs(read, 'LATCOM_BASE_URL', baseUrl);
  const timeoutMs = read.integer('LATCOM_TIMEOUT_MS', LATCOM_TIMEOUT_MS, 100, 300_000);
  if (timeoutMs < LATCOM_TIMEOUT_MS) {
    read.warn(
      `LATCOM_TIMEOUT_MS is ${timeoutMs}: LATCOM itself waits 30 s, so below ${LATCOM_TIMEOUT_MS} purchases that succeed late become unknown.`,
    );
  }
  return {
    sandbox: baseUrl === null,
    baseUrl: baseUrl ?? '',
    customerId: need('LATCOM_CUSTOMER_ID'),
    secretKey: need('LATCOM_SECRET_KEY'),
    timeoutMs,
    requestsPer15Minutes: read.integer('LATCOM_REQUESTS_PER_15_MINUTES', 300, 1, 10_000_000),
    floatSafety:
      read.matching('LATCOM_FLOAT_SAFETY', /^(1|0\.(0[1-9]|[1-9][0-9]?))$/, 'a decimal from 0.01 to 1, e.g. 0.95') ??
      '0.95',
    lowFloat: readLevels(read),
    balanceEveryMs: read.integer('LATCOM_BALANCE_SECONDS', 60, 1, 86_400) * 1000,
    balanceLagMs: read.integer('LATCOM_BALANCE_LAG_SECONDS', 0, 0, 3_600) * 1000,
  };
}

/** Decimals separated by commas; none: no alarm. */
function readLevels(read: EnvironmentReader): string[] {
  const levels = read.matching(
    'LATCOM_LOW_FLOAT',
    /^[0-9]{1,9}(\.[0-9]{1,2})?( *, *[0-9]{1,9}(\.[0-9]{1,2})?){0,9}$/,
    'amounts separated by commas, e.g. 200,50',
  );
  return (levels ?? '200,50').split(',').map((level) => level.trim());
}

/** Credentials are needed where there is a base URL; without one they would be ignored, which is worth a warning. */
function needs(read: EnvironmentReader, urlName: VariableName, baseUrl: string | null): (name: VariableName) => string {
  const isWanted = baseUrl !== null || read.text(urlName) !== null;
  return (name) => {
    if (isWanted) return read.required(name, `${urlName} is set, so the provider's credentials are needed too`);
    if (read.text(name) !== null)
      read.warn(`${name} is set, but ${urlName} is not: it is ignored, and the sandbox is used.`);
    return '';
  };
}

/** An https URL, or http on a loopback address, without a slash at the end. null when unset or wrong. */
function readBaseUrl(read: EnvironmentReader, name: VariableName): string | null {
  const value = read.text(name);
  if (value === null) return null;
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    read.fail(name, 'must be an absolute https URL');
    return null;
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    read.fail(name, 'must be a plain URL without user, password, query or fragment');
    return null;
  }
  if (url.protocol === 'http:') {
    if (!LOOPBACK.has(url.hostname) && !/^127\.\d+\.\d+\.\d+$/.test(url.hostname)) {
      read.fail(name, 'must be https: plain http is accepted for loopback addresses only');
      return null;
    }
    if (read.text('NODE_ENV') === 'production') read.warn(`${name} is plain http on this machine, in production.`);
  }
  return url.href.replace(/\/+$/, '');
}
