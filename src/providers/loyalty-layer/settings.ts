import { credentialReader, readBaseUrl } from '../../config/provider-reader.js';
import type { EnvironmentReader } from '../../config/reader.js';
import type { Variable } from '../../config/variables.js';
import type { ProviderSettings } from '../../connector/manifest.js';

export const LOYALTY_LAYER_VARIABLES = {
  LOYALTY_LAYER_BASE_URL: { text: '' },
  LOYALTY_LAYER_API_BASE_URL: { text: 'Default: LOYALTY_LAYER_BASE_URL.' },
  LOYALTY_LAYER_CLIENT_ID: { text: '' },
  LOYALTY_LAYER_CLIENT_SECRET: { text: '', secret: true },
  LOYALTY_LAYER_GRANT_TYPE: { text: 'Sent with the login if set, e.g. client_credentials.' },
  LOYALTY_LAYER_REQUESTS_PER_MINUTE: {
    text: 'Quota of an egress address. LoyaltyLayer blocks an address that exceeds it for a minute.',
    default: '100',
  },
  LOYALTY_LAYER_EGRESS: {
    text: 'Name of the egress address. Instances with the same name share one quota: use one name per address.',
    default: 'default',
  },
  LOYALTY_LAYER_COALESCING: {
    text: 'Whether creates that wait for the quota may be sent together in one batch-create. LoyaltyLayer documents neither the request nor the response of a batch: set false until you have tried it.',
    default: 'true',
  },
  LOYALTY_LAYER_BATCH_MAX_SIZE: {
    text: 'Passes per batch. If a response is lost, all of them become unknown, and an operator must resolve them.',
    default: '25',
  },
  LOYALTY_LAYER_JWE_ALGORITHMS: {
    text: 'Algorithms (alg of the JWE) that apps may use to encrypt cards, separated by commas.',
    default: 'RSA-OAEP-256',
  },
} as const satisfies Record<string, Variable>;

export interface LoyaltyLayerSettings extends ProviderSettings {
  readonly apiBaseUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Sent with the login if set. The guide's own request has none. */
  readonly grantType: string | null;
  readonly requestsPerMinute: number;
  /** Name of the egress address. All instances with the same name share its quota. */
  readonly egress: string;
  /** Largest number of waiting creates in one batch-create; 1: no batches. */
  readonly batchMaxSize: number;
  /** Algorithms (`alg` of the JWE) that may encrypt cards. */
  readonly jweAlgorithms: readonly string[];
}

type Read = EnvironmentReader<keyof typeof LOYALTY_LAYER_VARIABLES>;

/** RSA with OAEP padding only: the older PKCS #1 padding is not safe. */
const JWE_ALGORITHMS = /^RSA-OAEP(-(256|384|512))?(,RSA-OAEP(-(256|384|512))?)*$/;

export function readLoyaltyLayer(read: Read): LoyaltyLayerSettings {
  const baseUrl = readBaseUrl(read, 'LOYALTY_LAYER_BASE_URL');
  const credential = credentialReader(read, 'LOYALTY_LAYER_BASE_URL', baseUrl);
  return {
    baseUrl: baseUrl ?? '',
    apiBaseUrl: readBaseUrl(read, 'LOYALTY_LAYER_API_BASE_URL') ?? baseUrl ?? '',
    clientId: credential('LOYALTY_LAYER_CLIENT_ID'),
    clientSecret: credential('LOYALTY_LAYER_CLIENT_SECRET'),
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

/** Both variables are validated, even when one makes the other ineffective. */
function readBatchSize(read: Read): number {
  const size = read.integer('LOYALTY_LAYER_BATCH_MAX_SIZE', 25, 2, 500);
  return read.boolean('LOYALTY_LAYER_COALESCING') === false ? 1 : size;
}
