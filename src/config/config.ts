import { readDatabaseUrl, warnOfPlainDatabase } from './database-url.js';
import { checkExtraAuthorities } from './extra-authorities.js';
import { readOutboundProxy, type ProxySettings } from './outbound-proxy.js';
import { GATEWAY_VARIABLES, type GatewayVariable } from './gateway-variables.js';
import { readProviders } from './providers.js';
import { EnvironmentReader, type Environment } from './reader.js';
import { readWebhooks, type WebhookSettings } from './webhooks.js';
import { readTrustedProxies } from './trust-proxy.js';
import { LOG_LEVELS, type LogLevel } from '../common/log.js';
import { DECLARED, type Reached, type SettingsByProvider } from '../providers/declared.js';

export type { ProxyAddress, ProxySettings } from './outbound-proxy.js';
export type { WebhookSettings } from './webhooks.js';

/** The first operator, created if there is none. */
export interface FirstOperator {
  readonly username: string;
  readonly password: string;
}

export interface SandboxSettings {
  readonly port: number;
  /** True when the port was configured; otherwise any free port is used if it is taken. */
  readonly isFixed: boolean;
}

type Reader = EnvironmentReader<GatewayVariable>;

/** Retention periods in days. */
export interface RetentionSettings {
  /** Days from the end of a transaction until its personal data is blocked. */
  readonly personalDays: number;
  /** Days from blocking to erasure. */
  readonly blockedDays: number;
  readonly notificationDays: number;
}

export interface ConfigValues {
  readonly isProduction: boolean;
  readonly host: string;
  readonly port: number;
  /** null: the embedded PostgreSQL is used. */
  readonly databaseUrl: string | null;
  /** The URL of the role that migrates the schema; null: the role of `databaseUrl` does. */
  readonly migrationUrl: string | null;
  /** The role that may read the data for reports; null: none. */
  readonly readerRole: string | null;
  readonly dataDir: string;
  /** 32 bytes; null: generated for the embedded database. */
  readonly encryptionKey: Buffer | null;
  readonly admin: FirstOperator | null;
  readonly logLevel: LogLevel;
  /** Time for work in progress after SIGTERM. */
  readonly shutdownGraceMs: number;
  /** Time for a request to arrive completely; statements are exempt. */
  readonly requestTimeoutMs: number;
  readonly requireSecondOperator: boolean;
  /** For apps without their own limit. */
  readonly rateLimitPerMinute: number;
  /** Addresses and CIDRs of the proxies whose `X-Forwarded-For` is trusted; none: the header is ignored. */
  readonly trustedProxies: readonly string[];
  readonly retention: RetentionSettings;
  /** The port of the built-in sandbox, if a provider needs it; 0: any free port. */
  readonly sandbox: SandboxSettings;
  /** The proxy for calls to providers; null: calls are direct. */
  readonly outboundProxy: ProxySettings | null;
  readonly webhooks: WebhookSettings;
  readonly breaker: { readonly failures: number; readonly openMs: number };
  readonly providers: SettingsByProvider;
}

/** The complete, validated and frozen configuration. The class is also the injection token. */
export class Config implements ConfigValues {
  readonly isProduction!: boolean;
  readonly host!: string;
  readonly port!: number;
  readonly databaseUrl!: string | null;
  readonly migrationUrl!: string | null;
  readonly readerRole!: string | null;
  readonly dataDir!: string;
  readonly encryptionKey!: Buffer | null;
  readonly admin!: FirstOperator | null;
  readonly logLevel!: LogLevel;
  readonly shutdownGraceMs!: number;
  readonly requestTimeoutMs!: number;
  readonly requireSecondOperator!: boolean;
  readonly rateLimitPerMinute!: number;
  readonly trustedProxies!: readonly string[];
  readonly retention!: RetentionSettings;
  readonly sandbox!: SandboxSettings;
  readonly outboundProxy!: ProxySettings | null;
  readonly webhooks!: WebhookSettings;
  readonly breaker!: { readonly failures: number; readonly openMs: number };
  readonly providers!: SettingsByProvider;

  constructor(values: ConfigValues) {
    Object.assign(this, values);
    freeze(this);
  }

  /** A copy with some values replaced, e.g. values that are known only after the sandbox has started. */
  with(changes: Partial<ConfigValues>): Config {
    return new Config({ ...this, ...changes });
  }

  /** Titles of the providers that the built-in sandbox simulates. */
  get sandboxed(): string[] {
    return DECLARED.filter(({ name }) => this.settingsOf(name).sandbox).map(({ title }) => title);
  }

  /** True when no real provider is called. */
  get isAllSandboxed(): boolean {
    return this.sandboxed.length === DECLARED.length;
  }

  /** The settings that all providers share. @throws Error when the provider does not exist */
  settingsOf(provider: string): Reached {
    const all: Readonly<Record<string, Reached>> = this.providers;
    const settings = all[provider];
    if (!settings) throw new Error(`there is no provider ${provider}`);
    return settings;
  }

  /**
   * A copy in which the variables in `reach`, by provider, point the simulated providers to the sandbox.
   * @throws ConfigError when the environment has become wrong since it was read
   */
  reaching(environment: Environment, reach: Readonly<Record<string, Environment>>): Config {
    const read = new EnvironmentReader(environment, GATEWAY_VARIABLES);
    const providers = readProviders(read, reach);
    if (read.errors.length > 0) throw new ConfigError(read.errors);
    return this.with({ providers });
  }
}

/** The environment is wrong. `errors` has a line for each wrong variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly errors: readonly string[]) {
    super(
      `The configuration is wrong in ${errors.length === 1 ? 'one place' : `${errors.length} places`}:\n` +
        `${errors.map((error) => `  - ${error}`).join('\n')}\n` +
        'Correct the environment and start again; .env.example explains every variable.',
    );
  }
}

const KEY_BYTES = 32;
const MAX_PORT = 65_535;
const SHUTDOWN_GRACE_MS = 50_000;

/** A hundred years, which stands for "forever". */
const MAX_DAYS = 36_500;

/**
 * Reads the complete environment.
 * @throws ConfigError that names every wrong variable
 */
export function readConfig(environment: Environment): { config: Config; warnings: readonly string[] } {
  const read = new EnvironmentReader(environment, GATEWAY_VARIABLES);
  // Validated strictly, because a typo would allow the sandbox in production.
  const isProduction = read.choice('NODE_ENV', ['production', 'development', 'test'], 'development') === 'production';
  const port = read.integer('PORT', 3000, 0, MAX_PORT);
  const migrationUrl = readDatabaseUrl(read, 'DATABASE_MIGRATION_URL');
  const databaseUrl = readDatabaseUrl(read, 'DATABASE_URL') ?? migrationUrl;
  const values: ConfigValues = {
    isProduction,
    host: read.text('HOST') ?? '127.0.0.1',
    port,
    databaseUrl,
    migrationUrl,
    readerRole: read.text('DATABASE_READER_ROLE'),
    dataDir: read.text('DATA_DIR') ?? '.data',
    encryptionKey: readEncryptionKey(read, databaseUrl !== null),
    admin: readAdmin(read),
    logLevel: read.choice('LOG_LEVEL', LOG_LEVELS, 'info'),
    shutdownGraceMs: read.integer('SHUTDOWN_GRACE_MS', SHUTDOWN_GRACE_MS, 0, 600_000),
    requestTimeoutMs: read.integer('REQUEST_TIMEOUT_MS', 30_000, 1_000, 600_000),
    requireSecondOperator: read.boolean('REQUIRE_SECOND_OPERATOR') ?? false,
    rateLimitPerMinute: read.integer('RATE_LIMIT_PER_MINUTE', 6000, 1, 10_000_000),
    trustedProxies: readTrustedProxies(read),
    retention: readRetention(read),
    sandbox: {
      port: read.integer('SANDBOX_PORT', port === 0 || port === MAX_PORT ? 0 : port + 1, 0, MAX_PORT),
      isFixed: read.text('SANDBOX_PORT') !== null,
    },
    outboundProxy: readOutboundProxy(read),
    webhooks: readWebhooks(read),
    breaker: {
      failures: read.integer('BREAKER_FAILURES', 20, 1, 100_000),
      openMs: read.integer('BREAKER_OPEN_MS', 5_000, 1, 3_600_000),
    },
    providers: readProviders(read),
  };
  const config = new Config(values);
  checkSandbox(read, config);
  checkExtraAuthorities(read);
  if (read.errors.length > 0) throw new ConfigError([...new Set(read.errors)]);
  warnOfProduction(read, config);
  return { config, warnings: [...new Set(read.warnings)] };
}

function readEncryptionKey(read: Reader, isNeeded: boolean): Buffer | null {
  const why =
    'it is required with DATABASE_URL and must be the same for every instance. Create one with: openssl rand -base64 32';
  const value = isNeeded ? read.required('ENCRYPTION_KEY', why) : (read.text('ENCRYPTION_KEY') ?? '');
  if (value === '') return null;
  const key = Buffer.from(value, 'base64');
  if (key.length === KEY_BYTES && key.toString('base64') === value) return key;
  read.fail('ENCRYPTION_KEY', `must be exactly ${KEY_BYTES} bytes in base64. Create one with: openssl rand -base64 32`);
  return null;
}

function readAdmin(read: Reader): FirstOperator | null {
  const username = read.matching(
    'ADMIN_USERNAME',
    /^(?!key_)[A-Za-z0-9._@-]{1,64}$/,
    '1 to 64 letters, digits, dots, hyphens, underscores or @, and not begin with key_',
  );
  const password = read.text('ADMIN_PASSWORD');
  if (username === null && password === null) return null;
  if (username === null) read.required('ADMIN_USERNAME', 'ADMIN_PASSWORD is set, and both are required');
  if (password === null) read.required('ADMIN_PASSWORD', 'ADMIN_USERNAME is set, and both are required');
  if (password !== null && password.length < 12)
    read.warn('ADMIN_PASSWORD is shorter than 12 characters. Choose a longer one.');
  return username === null || password === null ? null : { username, password };
}

function checkSandbox(read: Reader, config: Config): void {
  const isAllowed = read.boolean('SANDBOX') ?? !config.isProduction;
  if (isAllowed) return;
  const hint = config.isProduction
    ? 'set the URL, or SANDBOX=true to allow the simulator in production'
    : 'SANDBOX=false forbids the simulator, so set the URL';
  for (const { baseUrlVariable, variables } of DECLARED) {
    const own = read.of(variables);
    if (own.text(baseUrlVariable) === null) own.fail(baseUrlVariable, `is not set: ${hint}`);
  }
}

function warnOfProduction(read: Reader, config: Config): void {
  if (!config.isProduction) return;
  warnOfPlainDatabase(read, 'DATABASE_URL', config.databaseUrl);
  if (config.databaseUrl === null) read.warn('DATABASE_URL is not set: production uses the embedded PostgreSQL.');
}

function freeze(value: object): void {
  // The contents of a Buffer cannot be frozen.
  if (ArrayBuffer.isView(value)) return;
  const parts: unknown[] = Object.values(value);
  for (const part of parts) if (typeof part === 'object' && part !== null) freeze(part);
  Object.freeze(value);
}

function readRetention(read: Reader): RetentionSettings {
  return {
    personalDays: read.integer('RETENTION_PERSONAL_DAYS', 180, 1, MAX_DAYS),
    blockedDays: read.integer('RETENTION_BLOCKED_DAYS', 180, 0, MAX_DAYS),
    notificationDays: read.integer('RETENTION_NOTIFICATION_DAYS', 90, 8, MAX_DAYS),
  };
}
