import { randomBytes } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { AppSecrets } from '../access/admin/app-secrets.service.js';
import { Apps } from '../access/admin/apps.service.js';
import { Operators } from '../access/admin/operators.service.js';
import { SCOPES } from '../access/caller.js';
import { ConnectorRegistry } from '../operations/connector-registry.service.js';
import type { Config } from '../config/config.js';
import { parseId, publicId } from '../common/ids.js';
import { Problem } from '../common/problem.js';
import { credentialsFile, readCredentials, writeCredentials, type GeneratedCredentials } from './credentials.js';

/** The credentials that the start banner can show. */
export interface Seeded {
  readonly credentials: GeneratedCredentials;
  readonly file: string;
  /** True when the operator's password was just generated and was not shown yet. */
  readonly isOperatorNew: boolean;
  readonly warnings: readonly string[];
}

const PASSWORD_BYTES = 18;
const DEMO_APP = 'Demo partner';
/** Creates the first operator. With an embedded database and only simulated providers it also creates a demo app. */
export async function seed(app: INestApplicationContext, config: Config): Promise<Seeded> {
  const known = config.databaseUrl === null ? await readCredentials(config.dataDir) : {};
  const operator = await seedOperator(app.get(Operators), config);
  const demo = isDemo(config) ? await seedDemo(app, known) : undefined;
  const credentials: GeneratedCredentials = {
    ...(operator.made ? { operator: operator.made } : known.operator && { operator: known.operator }),
    ...(demo && { app: demo }),
  };
  if (operator.made ?? (demo && demo !== known.app)) await writeCredentials(config.dataDir, credentials);
  return {
    credentials,
    file: credentialsFile(config.dataDir),
    isOperatorNew: operator.made !== undefined,
    warnings: operator.warnings,
  };
}

function isDemo(config: Config): boolean {
  return config.databaseUrl === null && config.isAllSandboxed;
}

async function seedOperator(
  operators: Operators,
  { admin, databaseUrl }: Config,
): Promise<{ made?: { username: string; password: string }; warnings: string[] }> {
  if ((await operators.count()) > 0) return { warnings: [] };
  if (!admin && databaseUrl !== null) {
    return {
      warnings: ['There is no operator yet. Set ADMIN_USERNAME and ADMIN_PASSWORD once to create the first one.'],
    };
  }
  const made = { username: 'admin', password: randomBytes(PASSWORD_BYTES).toString('base64url') };
  await operators.create({ ...(admin ?? made), role: 'admin' }, 'gateway').catch(ignoreExisting);
  return admin ? { warnings: [] } : { made, warnings: [] };
}

async function seedDemo(
  app: INestApplicationContext,
  known: GeneratedCredentials,
): Promise<NonNullable<GeneratedCredentials['app']>> {
  const apps = app.get(Apps);
  if (known.app && (await apps.wasCreated(parseId('app', known.app.appId)))) return known.app;
  for (const { definition } of app.get(ConnectorRegistry).all()) await definition.seedDemo?.();
  const made = await apps.create({ name: DEMO_APP, scopes: [...SCOPES] }, 'gateway');
  const { key, secret } = await app.get(AppSecrets).create(made, 'gateway');
  return { appId: publicId('app', made.id), keyId: publicId('key', key.id), secret };
}

/** Ignores that another instance or an operator has already created it. */
function ignoreExisting(error: unknown): void {
  if (!(error instanceof Problem) || error.code !== 'invalid_state') throw error;
}
