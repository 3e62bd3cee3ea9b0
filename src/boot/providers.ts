import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config, LatamPassSettings, LoyaltyLayerSettings, ProviderSettings } from '../config/config.js';
import { startSandbox, type RunningSandbox, type SandboxOptions } from '../sandbox/sandbox.js';
import type { Shutdown } from './shutdown.js';
import { step } from './step.js';

const LOOPBACK = '127.0.0.1';
const JOURNAL = 'sandbox.jsonl';
const PASSWORD_BYTES = 18;

/** Starts the sandbox for the providers that are not configured, and fills in how they are reached. */
export async function startProviders(settings: Config, shutdown: Shutdown): Promise<Config> {
  if (settings.sandboxed.length === 0) return settings;
  const config = settings.latamPass.sandbox ? withNotificationPair(settings) : settings;
  const sandbox = await step('start the sandbox', 'Choose another port with SANDBOX_PORT (0 takes any).', async () => {
    await mkdir(config.dataDir, { recursive: true });
    return startOnSomePort(config);
  });
  shutdown.add('the sandbox', () => sandbox.stop());
  return reach(config, sandbox);
}

/** The pair is between us and ourselves: a new one each time will do, unless one is configured. */
function withNotificationPair(config: Config): Config {
  // Without a known port nobody can be told where to notify: accruals are polled then.
  if (config.latamPass.notificationPairs.length > 0 || config.port === 0) return config;
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  return config.with({ latamPass: { ...config.latamPass, notificationPairs: [{ username: 'sandbox', password }] } });
}

async function startOnSomePort(config: Config): Promise<RunningSandbox> {
  const options: SandboxOptions = {
    host: LOOPBACK,
    port: config.sandbox.port,
    journalFile: join(config.dataDir, JOURNAL),
    notifications: notificationTargets(config),
  };
  try {
    return await startSandbox(options);
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!isTaken || config.sandbox.isFixed) throw error;
    return startSandbox({ ...options, port: 0 });
  }
}

function notificationTargets(config: Config): NonNullable<SandboxOptions['notifications']> {
  const [pair] = config.latamPass.notificationPairs;
  if (!config.latamPass.sandbox || !pair || config.port === 0) return {};
  const url = `http://${ownHost(config.host)}:${config.port}/v1/providers/latam-pass/notifications`;
  return { 'latam-pass': { url, ...pair } };
}

/** An address at which this machine reaches what listens on `host`. */
function ownHost(host: string): string {
  if (host === '0.0.0.0') return LOOPBACK;
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function reach(config: Config, sandbox: RunningSandbox): Config {
  const value = (name: string): string => sandbox.env[name] ?? '';
  return config.with({
    latamPass: played(config.latamPass, () => latamPassAt(value)),
    loyaltyLayer: played(config.loyaltyLayer, () => loyaltyLayerAt(value)),
    latcom: played(config.latcom, () => ({
      baseUrl: value('LATCOM_BASE_URL'),
      customerId: value('LATCOM_CUSTOMER_ID'),
      secretKey: value('LATCOM_SECRET_KEY'),
    })),
  } satisfies ProviderSettings);
}

function played<Settings extends { readonly sandbox: boolean }>(
  settings: Settings,
  reached: () => Partial<Settings>,
): Settings {
  return settings.sandbox ? { ...settings, ...reached() } : settings;
}

function latamPassAt(value: (name: string) => string): Partial<LatamPassSettings> {
  return {
    baseUrl: value('LATAM_PASS_BASE_URL'),
    environment: 'sandbox',
    clientId: value('LATAM_PASS_CLIENT_ID'),
    clientSecret: value('LATAM_PASS_CLIENT_SECRET'),
    partnerId: value('LATAM_PASS_PARTNER_ID'),
    productId: value('LATAM_PASS_PRODUCT_ID'),
    issueBank: value('LATAM_PASS_ISSUE_BANK'),
    authorization: null,
  };
}

function loyaltyLayerAt(value: (name: string) => string): Partial<LoyaltyLayerSettings> {
  const baseUrl = value('LOYALTY_LAYER_BASE_URL');
  return {
    baseUrl,
    apiBaseUrl: baseUrl,
    clientId: value('LOYALTY_LAYER_CLIENT_ID'),
    clientSecret: value('LOYALTY_LAYER_CLIENT_SECRET'),
  };
}
