import type { Variable, VariableGroup } from './variables.js';

/* The gateway's own environment variables. Those of a provider are in its manifest. */

const PROCESS = {
  NODE_ENV: {
    text: 'production, development (default) or test. production: the sandbox requires SANDBOX=true, and the start gives more warnings.',
  },
  PORT: { text: 'Port and host on which the gateway listens.', default: '3000' },
  HOST: { text: '', default: '127.0.0.1' },
  LOG_LEVEL: { text: 'fatal, error, warn, info, debug, trace or silent.', default: 'info' },
  SHUTDOWN_GRACE_MS: {
    text: 'Time for work in progress to finish after SIGTERM, in milliseconds; must be longer than a call to a provider.',
    default: '50000',
  },
  REQUEST_TIMEOUT_MS: {
    text: 'Time for a request to arrive completely, in milliseconds; a statement may take longer while data keeps arriving.',
    default: '30000',
  },
} as const satisfies Record<string, Variable>;

const DATA = {
  DATABASE_URL: {
    text: 'PostgreSQL 15 or newer, e.g. postgres://user:password@host:5432/database. Empty: the embedded PostgreSQL. Over a network, add ?sslmode=verify-full (and &sslrootcert=/file for a private CA); require has the same effect.',
    secret: true,
  },
  DATABASE_MIGRATION_URL: {
    text: "The same database with the role that owns it. That role migrates the schema at startup and grants the role of DATABASE_URL what it needs, without the right to change or delete append-only rows. Empty: DATABASE_URL's role migrates.",
    secret: true,
  },
  DATABASE_READER_ROLE: {
    text: 'A role for reports. It may read transactions, events, entries, balances and breaks, but nothing personal, sealed, or about credentials. The migration grants the rights; create the role first.',
  },
  DATA_DIR: {
    text: "The folder of the embedded database, its key, generated credentials and the sandbox's state.",
    default: '.data',
  },
  ENCRYPTION_KEY: {
    text: '32 bytes in base64 (openssl rand -base64 32), the same for every instance. Required with DATABASE_URL; otherwise generated into DATA_DIR. Encrypted data cannot be read without it. Every start checks that it belongs to this database (exit code 78 if not).',
    secret: true,
  },
} as const satisfies Record<string, Variable>;

const ACCESS = {
  ADMIN_USERNAME: {
    text: 'Name and password of the first operator, created if there is none. If neither is set and the database is embedded, they are generated and printed once.',
  },
  ADMIN_PASSWORD: { text: '', secret: true },
  REQUIRE_SECOND_OPERATOR: {
    text: 'true: a second operator must approve the resolution of an unknown transaction.',
    default: 'false',
  },
  RATE_LIMIT_PER_MINUTE: { text: 'Requests per minute of a partner app without its own limit.', default: '6000' },
  TRUST_PROXY: {
    text: 'Addresses and CIDRs of the proxies in front of the gateway, separated by commas, e.g. 10.0.0.0/8,2001:db8::/32. Rate limits and the audit log then use the client address in X-Forwarded-For: the rightmost one that is not listed here. IPv4 may be written as IPv6 (::ffff:10.0.0.0/104), with a prefix of 96 or more. Empty: the header is ignored. List only your own proxies: clients can send any value in this header.',
  },
} as const satisfies Record<string, Variable>;

const RETENTION = {
  RETENTION_PERSONAL_DAYS: {
    text: 'From the end of a transaction until its personal data is blocked. Then only administrators see it, for legal claims.',
    default: '180',
  },
  RETENTION_BLOCKED_DAYS: { text: 'From blocking until erasure.', default: '180' },
  RETENTION_NOTIFICATION_DAYS: {
    text: 'For raw notifications. A provider may repeat a notification for 7 days.',
    default: '90',
  },
} as const satisfies Record<string, Variable>;

const SANDBOX = {
  SANDBOX: {
    text: 'The built-in sandbox simulates every provider without a base URL. Empty: except in production. true: also in production. false: never.',
  },
  SANDBOX_PORT: { text: 'Default: PORT + 1, or any free port if that is in use. 0: any free port.' },
} as const satisfies Record<string, Variable>;

const NETWORK = {
  OUTBOUND_PROXY_URL: {
    text: 'A forward proxy (http or https) for calls to providers, e.g. one whose address they allow: http://user:password@proxy.example:3128. Every target is reached by CONNECT, with TLS end to end. User and password are percent-encoded and sent as HTTP Basic. Empty: calls go out directly. HTTPS_PROXY is ignored.',
    secret: true,
  },
  NO_PROXY: {
    text: 'Targets that are called directly, separated by commas or blanks: a host (with its subdomains), .suffix, an address or a CIDR, or * for all. All but a CIDR may have a :port. no_proxy is used when this is empty. Loopback targets, such as the sandbox, are always called directly. Ignored without OUTBOUND_PROXY_URL.',
  },
  NODE_EXTRA_CA_CERTS: {
    text: 'A PEM file with certificates of private authorities, which are trusted in addition to those of Node. Node itself reads it when the process starts, so set it in the environment of the process. The gateway checks that it can be read.',
  },
} as const satisfies Record<string, Variable>;

const WEBHOOKS = {
  WEBHOOK_PORTS: {
    text: 'Ports to which webhooks may be sent, separated by commas.',
    default: '443,8443',
  },
  WEBHOOK_ALLOWED_NETWORKS: {
    text: 'Addresses and CIDRs of partners in private networks, separated by commas, e.g. 10.20.0.0/16. Webhooks go to public addresses only, and to these. List only networks in which partners may reach every host.',
  },
  WEBHOOK_PROXY_URL: {
    text: 'A forward proxy (http or https) for webhooks, e.g. one with a fixed address that partners can allow. Written like OUTBOUND_PROXY_URL, which does not apply to webhooks. The proxy resolves the names, so it must refuse internal addresses itself.',
    secret: true,
  },
} as const satisfies Record<string, Variable>;

const CIRCUIT_BREAKER = {
  BREAKER_FAILURES: {
    text: 'Number of consecutive failed calls that opens the breaker (declines, 401 and 429 do not count), and the time for which it stays open, in milliseconds.',
    default: '20',
  },
  BREAKER_OPEN_MS: { text: '', default: '5000' },
} as const satisfies Record<string, Variable>;

export const GATEWAY_VARIABLES = {
  ...PROCESS,
  ...DATA,
  ...ACCESS,
  ...RETENTION,
  ...SANDBOX,
  ...NETWORK,
  ...WEBHOOKS,
  ...CIRCUIT_BREAKER,
};
export type GatewayVariable = keyof typeof GATEWAY_VARIABLES;

/** The sections of `.env.example`. */
export const GATEWAY_GROUPS: readonly VariableGroup[] = [
  { title: 'the process', variables: PROCESS },
  { title: 'data', variables: DATA },
  { title: 'access', variables: ACCESS },
  { title: 'retention, in days (docs/privacy.md)', variables: RETENTION },
  { title: 'sandbox', variables: SANDBOX },
  { title: 'the network to the providers', variables: NETWORK },
  { title: 'webhooks to partners (docs/webhooks.md)', variables: WEBHOOKS },
  { title: 'circuit breaker, for each provider', variables: CIRCUIT_BREAKER },
];
