import { credentialReader, readBaseUrl } from '../../config/provider-reader.js';
import type { EnvironmentReader } from '../../config/reader.js';
import type { Variable } from '../../config/variables.js';
import type { ProviderSettings } from '../../connector/manifest.js';

export const LATCOM_VARIABLES = {
  LATCOM_BASE_URL: { text: 'Up to and including /api/distributor.' },
  LATCOM_CUSTOMER_ID: { text: '' },
  LATCOM_SECRET_KEY: { text: '', secret: true },
  LATCOM_TIMEOUT_MS: {
    text: 'Longest duration of a purchase, in milliseconds. LATCOM itself waits 30 s, so a value below 45000 causes a warning.',
    default: '45000',
  },
  LATCOM_REQUESTS_PER_15_MINUTES: { text: '', default: '300' },
  LATCOM_FLOAT_SAFETY: {
    text: "The part of the observed balance that may be spent (0.01 to 1), because the rate between pesos and the balance's currency changes.",
    default: '0.95',
  },
  LATCOM_LOW_FLOAT: {
    text: 'Levels of the balance, in its own currency. An alarm is raised when it falls below one of them.',
    default: '200,50',
  },
  LATCOM_BALANCE_SECONDS: {
    text: 'Interval of balance queries, in seconds. One instance queries for all.',
    default: '60',
  },
  LATCOM_BALANCE_LAG_SECONDS: {
    text: 'Maximum staleness of a queried balance, in seconds: it counts as evidence only after this delay.',
    default: '0',
  },
} as const satisfies Record<string, Variable>;

export interface LatcomSettings extends ProviderSettings {
  /** Up to and including `/api/distributor`. */
  readonly baseUrl: string;
  readonly customerId: string;
  readonly secretKey: string;
  readonly timeoutMs: number;
  readonly requestsPer15Minutes: number;
  /** The part of the observed balance that may be spent, as a decimal from 0.01 to 1. */
  readonly floatSafety: string;
  /** Balances below which an alarm is raised, as decimals in LATCOM's own currency. */
  readonly lowFloat: readonly string[];
  /** Interval of balance queries, in milliseconds. */
  readonly balanceEveryMs: number;
  /** Maximum staleness of a queried balance, in milliseconds. */
  readonly balanceLagMs: number;
}

type Read = EnvironmentReader<keyof typeof LATCOM_VARIABLES>;

const TIMEOUT_MS = 45_000;

export function readLatcom(read: Read): LatcomSettings {
  const baseUrl = readBaseUrl(read, 'LATCOM_BASE_URL');
  const credential = credentialReader(read, 'LATCOM_BASE_URL', baseUrl);
  const timeoutMs = read.integer('LATCOM_TIMEOUT_MS', TIMEOUT_MS, 100, 300_000);
  if (timeoutMs < TIMEOUT_MS) {
    read.warn(
      `LATCOM_TIMEOUT_MS is ${timeoutMs}: LATCOM itself waits 30 s. Below ${TIMEOUT_MS} ms, purchases that succeed late become unknown.`,
    );
  }
  return {
    baseUrl: baseUrl ?? '',
    customerId: credential('LATCOM_CUSTOMER_ID'),
    secretKey: credential('LATCOM_SECRET_KEY'),
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

/** Decimals separated by commas. */
function readLevels(read: Read): string[] {
  const levels = read.matching(
    'LATCOM_LOW_FLOAT',
    /^[0-9]{1,9}(\.[0-9]{1,2})?( *, *[0-9]{1,9}(\.[0-9]{1,2})?){0,9}$/,
    'amounts separated by commas, e.g. 200,50',
  );
  return (levels ?? '200,50').split(',').map((level) => level.trim());
}
