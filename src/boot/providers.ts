import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import type { Environment } from '../config/reader.js';
import type { NotificationPair } from '../config/notification-credentials.js';
import type { NotificationDeclaration } from '../connector/manifest.js';
import { DECLARED } from '../providers/declared.js';
import { startSandbox, type RunningSandbox, type SandboxOptions } from '../sandbox/sandbox.js';
import type { Shutdown } from './shutdown.js';
import { step } from './step.js';
import { errorCode } from '../readers/error-code.js';

const LOOPBACK = '127.0.0.1';
const JOURNAL = 'sandbox.jsonl';
const PASSWORD_BYTES = 18;

/** A simulated provider that sends notifications to this gateway. */
interface NotifyingProvider {
  readonly provider: string;
  readonly pair: NotificationPair;
  readonly variables: NotificationDeclaration;
}

/** Starts the sandbox for the providers without a base URL, and adds their sandbox URLs to the configuration. */
export async function startProviders(config: Config, environment: Environment, shutdown: Shutdown): Promise<Config> {
  if (config.sandboxed.length === 0) return config;
  const notifying = notifyingProviders(config);
  const sandbox = await step('start the sandbox', 'Choose another port with SANDBOX_PORT (0 takes any).', async () => {
    await mkdir(config.dataDir, { recursive: true });
    return startOnSomePort(config, notifying);
  });
  shutdown.add('the sandbox', () => sandbox.stop());
  const reach = { ...sandbox.reach };
  for (const { provider, pair, variables } of notifying) {
    const { usernameVariable, passwordVariable } = variables;
    reach[provider] = { ...reach[provider], [usernameVariable]: pair.username, [passwordVariable]: pair.password };
  }
  return config.reaching(environment, reach);
}

/**
 * Notifications use the configured credentials, or credentials created for this run. Without a known port the sandbox
 * cannot notify, and the gateway polls it.
 */
function notifyingProviders(config: Config): NotifyingProvider[] {
  if (config.port === 0) return [];
  return DECLARED.flatMap(({ name, notifications }) => {
    const settings = config.settingsOf(name);
    if (!notifications || !settings.sandbox) return [];
    const made = { username: 'sandbox', password: randomBytes(PASSWORD_BYTES).toString('base64url') };
    return [{ provider: name, pair: settings.notifications?.pairs[0] ?? made, variables: notifications }];
  });
}

async function startOnSomePort(config: Config, notifying: readonly NotifyingProvider[]): Promise<RunningSandbox> {
  const options: SandboxOptions = {
    host: LOOPBACK,
    port: config.sandbox.port,
    journalFile: join(config.dataDir, JOURNAL),
    notifications: Object.fromEntries(
      notifying.map(({ provider, pair }) => [provider, targetOf(config, provider, pair)]),
    ),
  };
  try {
    return await startSandbox(options);
  } catch (error) {
    if (errorCode(error) !== 'EADDRINUSE' || config.sandbox.isFixed) throw error;
    return startSandbox({ ...options, port: 0 });
  }
}

function targetOf(
  { host, port }: Config,
  provider: string,
  pair: NotificationPair,
): NonNullable<SandboxOptions['notifications']>[string] {
  return { url: `http://${ownHost(host)}:${port}/v1/providers/${provider}/notifications`, ...pair };
}

/** The address by which this machine reaches a server that listens on `host`. */
function ownHost(host: string): string {
  if (host === '0.0.0.0') return LOOPBACK;
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
