import type { Config } from '../config/config.js';
import { DECLARED } from '../providers/declared.js';
import type { Seeded } from './seed.js';

export interface BannerFacts {
  readonly config: Config;
  /** Where the gateway listens. */
  readonly url: string;
  readonly warnings: readonly string[];
  readonly seeded: Seeded;
}

const LINE = '='.repeat(100);

/** Writes to stderr what runs and how to try it. The log on stdout stays pure JSON. */
export function showBanner(facts: BannerFacts): void {
  const { config, warnings } = facts;
  const url = facts.url.replace('0.0.0.0', '127.0.0.1').replace('[::]', '[::1]');
  const parts = [
    [`The loyalty gateway is ready.  Swagger UI: ${url}/docs   OpenAPI: ${url}/openapi.json`],
    config.sandboxed.length === 0 ? [] : sandboxNotice(config),
    proxyNotice(config),
    operatorLines(facts, url),
    demoLines(facts, url),
    warnings.map((warning) => `Warning: ${warning}`),
  ];
  const text = parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n');
  process.stderr.write(`\n${LINE}\n${text}\n${LINE}\n\n`);
}

function sandboxNotice(config: Config): string[] {
  const names = config.sandboxed.join(', ');
  const urls = DECLARED.filter(({ name }) => config.settingsOf(name).sandbox).map(
    ({ baseUrlVariable }) => baseUrlVariable,
  );
  return [
    `*** SANDBOX *** ${names}: simulated on this machine. Nothing real is executed.`,
    `Set ${urls.join(', ')} to use the real providers (see .env.example).`,
  ];
}

/** Shows only the host; user and password are never shown. */
function proxyNotice({ outboundProxy }: Config): string[] {
  if (!outboundProxy) return [];
  return [`Providers are reached through the proxy ${new URL(outboundProxy.url).host} (OUTBOUND_PROXY_URL).`];
}

function operatorLines({ config, seeded }: BannerFacts, url: string): string[] {
  const { operator } = seeded.credentials;
  if (operator && seeded.isOperatorNew) {
    return [
      `Operator: ${operator.username}   password: ${operator.password}   (shown only once; stored in ${seeded.file})`,
      `  curl -sS -u '${operator.username}:${operator.password}' ${url}/v1/admin/apps`,
    ];
  }
  if (operator) return [`Operator: ${operator.username}   password: see ${seeded.file}, unless it was changed later`];
  if (config.admin)
    return [`Operator: ${config.admin.username}   password: ADMIN_PASSWORD, unless it was changed later`];
  return [];
}

function demoLines({ seeded }: BannerFacts, url: string): string[] {
  const { app } = seeded.credentials;
  if (!app) return [];
  const examples = DECLARED.flatMap((provider) => provider.examples);
  const number = '$(date +%s%N)';
  const filled = (body: string): string =>
    body.replaceAll('$NOW', '$(date -u +%Y-%m-%dT%H:%M:%SZ)').replaceAll('$N', number);
  const call = (path: string, body: string): string =>
    [
      `  curl -sS -w '\\n' -u '${app.keyId}:${app.secret}' -H 'Content-Type: application/json' -H 'Prefer: wait=15' \\`,
      `    -H "Idempotency-Key: demo-${number}" ${url}${path} \\`,
      `    -d "${filled(body).replaceAll('"', '\\"')}"`,
    ].join('\n');
  return [
    `Demo partner app: key id ${app.keyId}   secret ${app.secret}`,
    `Try it: ${examples.map(({ title }) => title).join(', ')}.`,
    ...examples.map(({ path, body }) => call(path, body)),
  ];
}
