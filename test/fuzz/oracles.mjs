import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { CANARIES } from './values.mjs';

/** The longest time to an answer, in milliseconds, in addition to the wait that the request prefers. */
const ANSWER_MS = 12_000;
const WAIT_MS = 30_000;
/** The timeout of a request whose head is wrong, e.g. its length: the gateway may wait for more bytes. */
const RAW_MS = 2_000;
const MAX_RSS_BYTES = 800 * 1024 * 1024;
/** Statuses of HTTP itself, on any path. */
const OF_HTTP = new Set([405, 414, 417, 431]);
/** Statuses for an unexpected body. */
const OF_BODIES = new Set([400, 413, 415]);
/**
 * Alarms that notifications, purchases and the sandbox's faults may raise. Any other alarm means a defect of the
 * gateway.
 */
const EXPECTED_ALARMS = new Set([
  ...['unreadable_notification', 'unknown_notification_status', 'contradiction', 'card_data_in_notification'],
  ...['low_float', 'float_used_up', 'parked', 'breaker_open'],
]);
/** Node's own warnings and stack traces are not JSON. */
const NODE_LINES = /^\(node:|^\s+at |^[A-Za-z]*Error: /;
const DEFECT_LINES =
  /unhandled|uncaught|connector broke|failed unexpectedly|background (work|job) failed|framework message/i;

export function timeoutOf({ headers, isRaw }) {
  if (isRaw) return RAW_MS;
  const prefer = headers.filter(([name]) => name.toLowerCase() === 'prefer').map(([, value]) => value);
  return ANSWER_MS + (/wait *=/.test(prefer.join()) ? WAIT_MS : 0);
}

/** The faults of an answer, each as { kind, detail }. */
export function judge(request, answer, document) {
  if (answer.failure) return mayFail(request, answer) ? [] : [{ kind: 'no_answer', detail: answer.failure }];
  const { status } = answer;
  const operation = document.match(request.method, request.target);
  const found = [];
  const add = (kind, detail) => found.push({ kind, detail });
  const problem = status >= 400 && request.method !== 'HEAD' ? problemOf(answer, document, add) : null;
  if (status === 500) add('server_error', '500 is never right');
  else if (status > 500 && !operation?.responses.has(status))
    add('server_error', 'a status that the route does not document');
  if (operation && !request.isRaw) documented(operation, request, answer, problem, add);
  if (operation && status < 300 && request.method !== 'HEAD') conforms(operation, answer, document, add);
  if (!request.isRaw && answer.ms > timeoutOf(request) - 1_000) add('slow', `${Math.round(answer.ms)} ms`);
  if (status >= 400 && CANARIES.test(answer.body.toString())) add('echo', 'a refusal repeats what was personal');
  return found;
}

/**
 * True when a connection may end without an answer: after an invalid method or a wrong length. Also for a HEAD that the
 * parser refuses: it has not read the method yet, so its answer has a body.
 */
function mayFail({ isRaw, method }, { failure }) {
  return isRaw || (method === 'HEAD' && failure.startsWith('HPE_'));
}

function problemOf({ status, headers, body }, document, add) {
  if (!headers['content-type']?.startsWith('application/problem+json'))
    return add('no_problem', `a ${headers['content-type']}`);
  const problem = parsed(body);
  if (!problem) return add('bad_problem', 'no JSON');
  const missing = ['type', 'title', 'status', 'code', 'requestId'].filter((name) => problem[name] === undefined);
  if (missing.length > 0) add('bad_problem', `without ${missing.join(', ')}`);
  if (problem.status !== status) add('bad_problem', `says ${problem.status}`);
  if (!document.codes.has(problem.code)) add('bad_problem', `the code ${problem.code} is not documented`);
  if (problem.requestId !== headers['x-request-id']) add('bad_problem', 'another requestId than the header says');
  return problem;
}

/** Checks that the document contains the answer, also a 401, because clients are generated from it. */
function documented({ responses, body }, { method, body: sent }, { status }, problem, add) {
  if (OF_HTTP.has(status) || (body === null && sent.length > 0 && OF_BODIES.has(status))) return;
  const response = responses.get(status);
  if (!response) add('undocumented_status', problem?.code ?? '');
  else if (problem && method !== 'HEAD' && !response.codes.includes(problem.code))
    add('undocumented_code', problem.code);
}

function conforms({ responses }, { status, headers, body }, document, add) {
  const schema = responses.get(status)?.schema;
  if (!schema || !headers['content-type']?.startsWith('application/json')) return;
  const difference = document.difference(schema, parsed(body));
  // Replaces list positions, so that one fault gives one finding.
  if (difference !== null) add('another_shape', difference.replaceAll(/\/\d+/g, '/n'));
}

function parsed(body) {
  try {
    return JSON.parse(body.toString());
  } catch {
    return null;
  }
}

/** Lines of the gateway's log that show a defect, or contain personal data or secrets. */
export async function judgeLog(file, secrets) {
  const found = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const isPersonal = CANARIES.test(line) || secrets.some((secret) => line.includes(secret));
    if (isPersonal) found.push({ kind: 'personal_in_log', detail: kindOf(line), example: line });
    if (NODE_LINES.test(line)) found.push({ kind: 'defect_in_log', detail: line.slice(0, 300) });
    if (DEFECT_LINES.test(line)) found.push({ kind: 'defect_in_log', detail: kindOf(line), example: line });
  }
  return found;
}

/** The kind of a line. All lines of a kind are one finding. */
function kindOf(line) {
  const { msg, method, route, error, errorCode } = parsed(line) ?? { msg: line.slice(0, 100) };
  return [msg, method, route, error, errorCode].filter(Boolean).join(' ');
}

/** Checks the gateway after all answers: alarms, memory, health and the ledger. */
export async function judgeGateway({ admin, gateway }) {
  const found = [];
  const add = (kind, detail) => found.push({ kind, detail });
  const metrics = await admin('GET', '/metrics');
  for (const [, kind, count] of metrics.matchAll(/^gateway_alarms_total\{kind="([a-z_]+)"\} (\d+)/gm)) {
    if (count !== '0' && !EXPECTED_ALARMS.has(kind)) add('alarm', `${kind}: ${count}`);
  }
  const rss = Number(/^process_resident_memory_bytes (\d+)/m.exec(metrics)?.[1] ?? NaN);
  if (!(rss < MAX_RSS_BYTES)) add('memory', `${Math.round(rss / 1024 ** 2)} MiB`);
  for (const path of ['/health/live', '/health/ready']) {
    const { status } = await fetch(gateway.url + path);
    if (status !== 200) add('health', `${path} answers ${status}`);
  }
  const verification = await admin('GET', '/v1/admin/ledger/verify');
  if (verification.ok !== true) add('ledger', JSON.stringify(verification));
  return { found, megabytes: Math.round(rss / 1024 ** 2) };
}
