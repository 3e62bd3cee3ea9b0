import { seeded } from '../faults/random.mjs';
import { escaped, spoil } from './spoilings.mjs';
import { notification, pathValues, statement, valid } from './values.mjs';

const BOUNDARY = 'fuzz-boundary';
/** The share of valid requests after the first ones, which are all valid. */
const VALID_SHARE = 0.2;

/** The share of requests that repeat an earlier one with its idempotency key. */
const REPEATED_SHARE = 0.03;

const streamOf = (seed, index) => seeded(seed + Math.imul(index + 1, 0x9e3779b1));

/**
 * Makes request number `index`. The same seed makes the same request, except for times and the ids of earlier answers.
 */
export function makeRequest(index, world) {
  const chance = streamOf(~world.seed, index);
  const isRepeated = index >= world.first && chance.next() < REPEATED_SHARE;
  return { ...requestOf(isRepeated ? chance.between(0, index - 1) : index, world), index };
}

function requestOf(index, { seed, document, identities, pool, first }) {
  const random = streamOf(seed, index);
  const isValid = index < first;
  const operation = document.pick(random);
  const draft = validDraft(operation, { document, random, pool, path: operation.path, name: `${seed}-${index}` });
  draft.identity = identities.pick(operation, random, isValid);
  const spoiling = [];
  if (!isValid && random.next() > VALID_SHARE) {
    for (let left = random.pick([1, 1, 1, 2, 2, 3]); left > 0; left -= 1) spoiling.push(spoil(draft, random));
  }
  return { operation: operation.name, identity: draft.identity.name, spoiling, ...rendered(draft) };
}

function validDraft(operation, context) {
  const { random, pool } = context;
  const draft = { operation, method: operation.method, query: [], headers: [], bytes: [], lines: [] };
  draft.path = pathValues(operation, context);
  for (const { name, schema } of operation.parameters.query) {
    if (random.next() > 0.3) continue;
    const cursor = name === 'cursor' ? pool.pick(`cursor ${operation.path}`, random) : undefined;
    if (name !== 'cursor') draft.query.push([name, String(valid(schema, context, name))]);
    else if (cursor) draft.query.push([name, cursor]);
  }
  for (const { name } of operation.parameters.header) {
    if (name === 'Idempotency-Key') draft.headers.push([name, `fuzz-${context.name}`]);
    else draft.headers.push([name, random.pick(['respond-async', 'respond-async', 'wait=0', 'wait=1'])]);
  }
  if (operation.caller === 'notifier') draft.json = notification(context);
  else if (operation.body?.['multipart/form-data'] && random.next() < 0.5) draft.form = statement(context);
  else if (operation.body) draft.json = valid(operation.body['application/json'].schema, context);
  return draft;
}

function rendered(draft) {
  const { operation, method, path, query, suffix = '', isRaw = false } = draft;
  const where = operation.path.replaceAll(/\{(\w+)\}/g, (_all, name) => escaped(path[name]));
  const pairs = query.map((pair) => pair.map(escaped).join('=')).join('&');
  const target = draft.target ?? `${where}${suffix}${pairs && '?'}${pairs}`;
  const [type, whole] = bodyOf(draft);
  const body = draft.bytes.reduce((bytes, change) => change(bytes), whole);
  const headers = [
    ...(draft.withoutHost ? [] : [['host', '127.0.0.1']]),
    ...draft.identity.headers,
    ...draft.headers,
    ...draft.lines,
  ];
  const has = (name) => headers.some(([other]) => other.toLowerCase() === name);
  if (type && !has('content-type')) headers.push(['content-type', type]);
  const isSized = method !== 'GET' || whole.length > 0 || body.length > 0;
  if (isSized && !has('content-length') && !has('transfer-encoding'))
    headers.push(['content-length', String(body.length)]);
  // A header is sent as bytes: the text in UTF-8.
  return {
    method,
    target,
    isRaw,
    headers: headers.map(([name, value]) => [name, Buffer.from(value).toString('latin1')]),
    body,
  };
}

function bodyOf({ json, form, contentType = `multipart/form-data; boundary=${BOUNDARY}` }) {
  if (form) {
    const parts = form.map(({ name, value, file, head }) => {
      const usual = `content-disposition: form-data; name="${name}"${file === undefined ? '' : `; filename="${file}"`}`;
      return `--${BOUNDARY}\r\n${head ?? usual}\r\n\r\n${value}\r\n`;
    });
    return [contentType, Buffer.from(`${parts.join('')}--${BOUNDARY}--\r\n`)];
  }
  if (json === undefined) return [null, Buffer.alloc(0)];
  return [
    'application/json',
    Buffer.from(JSON.stringify(json).replaceAll(/"@raw:((?:[^"\\]|\\.)*)@"/g, (_all, text) => JSON.parse(`"${text}"`))),
  ];
}
