import { copyFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Document } from './document.mjs';
import { judge, judgeGateway, judgeLog, timeoutOf } from './oracles.mjs';
import { makeRequest } from './requests.mjs';
import { send } from './send.mjs';
import { startWorld } from './world.mjs';

/**
 * `npm run fuzz -- --count 20000 --seed N`: sends requests made from the OpenAPI document of the gateway, first valid
 * ones and then spoiled ones, from every kind of caller. The exit code is 1 when an answer is not as documented, when
 * the log or the alarms show a defect, or when the ledger does not verify. The seed decides the requests, except for
 * the time and the ids that the gateway created. `--only K` sends the first, valid requests and then only request K. It
 * starts its own PostgreSQL, sandbox and gateway; run `npm run build` first.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    only: { type: 'string' },
    port: { type: 'string' },
    /** The file for the gateway's log. */
    log: { type: 'string' },
  },
});
const [COUNT, SEED] = [Number(values.count), Number(values.seed)];
const CONNECTIONS = 16;
const FIRST = Math.min(600, Math.ceil(COUNT / 5));
/** Number of requests after which paused providers are resumed. */
const RESUME_EVERY = 200;
const SHOWN_BYTES = 1_500;
/** Answers without a valid problem mostly do not depend on the route, so there is one finding for each status. */
const WITHOUT_ROUTE = new Set(['no_problem', 'bad_problem']);

const findings = new Map();
const statuses = new Map();
const succeeded = new Set();

function note({ kind, detail, example: shown = '' }, where = '', example = shown) {
  const key = [kind, where, detail].join(' | ');
  const known = findings.get(key);
  if (known) known.count += 1;
  else findings.set(key, { count: 1, example });
}

/** The request as text, with enough data to repeat it by hand. Unprintable bytes are escaped. */
function told({ index, operation, identity, spoiling, method, target, headers, body }, answer) {
  const shown = (bytes) => JSON.stringify(bytes.toString('latin1').slice(0, SHOWN_BYTES));
  return [
    `  #${index} as ${identity}, ${operation}, spoiled: ${spoiling.join(', ') || 'nothing'}`,
    `  ${JSON.stringify(`${method} ${target}`.slice(0, SHOWN_BYTES))}`,
    ...headers.filter(([name]) => name !== 'host').map((pair) => `  ${JSON.stringify(pair.join(': ').slice(0, 300))}`),
    ...(body.length > 0 ? [`  ${body.length} bytes: ${shown(body)}`] : []),
    `  answered ${answer.status ?? answer.failure} ${answer.body ? shown(answer.body).slice(0, 500) : ''}`,
  ].join('\n');
}

function count({ status, failure, headers, body }) {
  const isProblem = headers?.['content-type']?.includes('problem');
  const code = isProblem && status !== 404 ? ` ${/"code":"([a-z_]+)"/.exec(body.toString())?.[1] ?? ''}` : '';
  const key = `${status ?? failure}${code}`.trim();
  statuses.set(key, (statuses.get(key) ?? 0) + 1);
}

async function shoot(index, world) {
  const request = makeRequest(index, { ...world, seed: SEED, first: FIRST });
  const answer = await send(world.gateway.port, request, timeoutOf(request));
  count(answer);
  for (const finding of judge(request, answer, world.document)) {
    const where = WITHOUT_ROUTE.has(finding.kind) ? 'any route' : request.operation;
    note(finding, `${where} ${answer.status ?? ''}`, told(request, answer));
  }
  if (answer.body && answer.status < 300) {
    succeeded.add(request.operation);
    world.pool.learn(request, answer.body);
  }
  if (index === Number(values.only)) console.log(told(request, answer));
}

async function shootAll(indices, world) {
  const resume = () =>
    Promise.all(world.document.providers.map((name) => world.admin('POST', `/v1/admin/providers/${name}/resume`)));
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let index = indices.shift(); index !== undefined; index = indices.shift()) {
        await shoot(index, world);
        if (index % RESUME_EVERY === 0) await resume();
      }
    }),
  );
  await resume();
}

function report(seconds, megabytes, { operations }) {
  for (const [key, { count, example }] of findings) console.log(`\n${count} × ${key}\n${example}`);
  const counts = [...statuses].sort(([a], [b]) => String(a).localeCompare(String(b)));
  console.log(`\nstatuses: ${counts.map(([status, count]) => `${status}: ${count}`).join(', ')}`);
  const never = operations.filter(({ name }) => !succeeded.has(name)).map(({ name }) => name);
  console.log(`${succeeded.size} of ${operations.length} operations succeeded; never: ${never.join(', ') || 'none'}`);
  const sent = counts.reduce((sum, [, count]) => sum + count, 0);
  const speed = `${sent} requests, seed ${SEED}, ${seconds.toFixed(0)} s, ${Math.round(sent / seconds)}/s, ${megabytes} MiB`;
  console.log(`${findings.size === 0 ? 'RIGHT' : 'WRONG'}: ${speed}, ${findings.size} findings`);
}

console.log(`seed ${SEED}, ${COUNT} requests`);
const world = await startWorld(SEED, values.port && Number(values.port));
try {
  world.document = new Document(await (await fetch(`${world.gateway.url}/openapi.json`)).json());
  const indices = Array.from({ length: values.only === undefined ? COUNT : FIRST }, (_none, index) => index);
  if (values.only !== undefined) indices.push(Number(values.only));
  const startedAt = performance.now();
  await shootAll(indices, world);
  const seconds = (performance.now() - startedAt) / 1_000;
  const { found, megabytes } = await judgeGateway(world).catch((error) => ({
    found: [{ kind: 'gateway', detail: error.message }],
  }));
  for (const finding of [...found, ...(await judgeLog(world.log, world.identities.secrets))]) note(finding);
  report(seconds, megabytes, world.document);
  if (values.log !== undefined) copyFileSync(world.log, values.log);
  process.exitCode = findings.size === 0 ? 0 : 1;
} finally {
  await world.stop();
}
process.exit();
