import { hostileCursor, hostileHeader, hostileText, hostileValue, RawJson, spoiled, spoiledBytes } from './hostile.mjs';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'BREW'];
const UNKNOWN_PATHS = [
  '/',
  '/v1',
  '/v2/topups',
  '/v1/topups/',
  '//v1/topups',
  '/V1/topups',
  '/docs/../v1',
  '/.env',
  '*',
  '/v1/%',
];

/** The kinds of spoiling: [weight, condition, function]. */
const SPOILINGS = {
  member: [6, ({ json }) => json !== undefined, spoilMember],
  'new member': [
    1,
    ({ json }) => isObject(json),
    ({ json }, random) => define(json, hostileText(random), hostileValue(random)),
  ],
  'missing member': [
    1,
    ({ json }) => isObject(json),
    ({ json }, random) => delete json[random.pick(Object.keys(json))],
  ],
  'whole body': [1, ({ json }) => json !== undefined, (draft, random) => (draft.json = hostileValue(random))],
  bytes: [
    2,
    ({ json, form }) => json !== undefined || form !== undefined,
    ({ bytes }, random) => bytes.push((body) => spoiledBytes(body, random)),
  ],
  'unasked body': [1, ({ json }) => json === undefined, (draft, random) => (draft.json = hostileValue(random))],
  form: [6, ({ form }) => form !== undefined, spoilForm],
  path: [4, ({ path }) => Object.keys(path).length > 0, spoilPath],
  'unknown path': [
    0.5,
    () => true,
    (draft, random) => (draft.target = random.pick([...UNKNOWN_PATHS, `/${escaped(hostileText(random))}`])),
  ],
  'end of the path': [
    0.5,
    () => true,
    (draft, random) => (draft.suffix = random.pick(['/', '//', ';a=b', '%00', '%ff', '.json', '/..', '/%2e%2e', '#x'])),
  ],
  query: [3, () => true, spoilQuery],
  header: [3, () => true, ({ headers }, random) => headers.push(hostileHeader(random))],
  'header twice': [
    0.5,
    ({ headers }) => headers.length > 0,
    ({ headers }, random) => headers.push([...random.pick(headers)]),
  ],
  'missing header': [0.5, ({ headers }) => headers.length > 0, ({ headers }) => headers.shift()],
  'many headers': [
    0.1,
    () => true,
    ({ headers }, random) =>
      headers.push(...Array.from({ length: random.pick([60, 70, 250]) }, (_none, at) => [`x-${at}`, 'a'])),
  ],
  'unsized body': [0.5, () => true, ({ headers }) => headers.push(['transfer-encoding', 'chunked'])],
  method: [1, () => true, (draft, random) => (draft.method = random.pick(METHODS))],
  'HTTP itself': [0.3, () => true, spoilHttp],
};

/** Spoils a request in one way. Returns the name of that way. */
export function spoil(draft, random) {
  const possible = Object.entries(SPOILINGS).filter(([, [, can]]) => can(draft));
  let left = random.next() * possible.reduce((sum, [, [weight]]) => sum + weight, 0);
  const [name, [, , how]] = possible.find(([, [weight]]) => (left -= weight) < 0) ?? possible[0];
  how(draft, random);
  return name;
}

/** Replaces a member at any depth; outer members are chosen rarely. */
function spoilMember(draft, random) {
  let [place, name] = [draft, 'json'];
  while (isContainer(place[name]) && Object.keys(place[name]).length > 0 && random.next() < 0.9) {
    place = place[name];
    name = random.pick(Object.keys(place));
  }
  const was = place[name];
  place[name] = typeof was === 'string' && random.next() < 0.4 ? spoiled(was, random) : hostileValue(random);
}

function spoilPath({ path }, random) {
  const name = random.pick(Object.keys(path));
  path[name] = random.next() < 0.5 ? spoiled(path[name], random) : hostileText(random);
}

function spoilQuery({ query, operation }, random) {
  const known = operation.parameters.query.map((parameter) => parameter.name);
  const name =
    known.length > 0 && random.next() < 0.7
      ? random.pick(known)
      : random.pick(['a[b]', '__proto__', 'limit', 'cursor', '', hostileText(random)]);
  const value = name === 'cursor' ? hostileCursor(random) : hostileText(random);
  query.push(random.pick([[name, value], [name, value], [`${name}[a]`, value], [`${name}[]`, value], [name]]));
  if (random.next() < 0.2) query.push([name, hostileText(random)]);
}

function spoilForm(draft, random) {
  const { form } = draft;
  const part = random.pick(form);
  const ways = [
    () => (part.value = spoiled(part.value, random)),
    () => (part.name = hostileText(random)),
    () =>
      (part.head = random.pick([
        'content-disposition: form-data',
        'x',
        '',
        `content-disposition: form-data; name="${'n'.repeat(9_000)}"`,
      ])),
    () => (part.file = spoiled('s.csv', random).replaceAll(/[\r\n"]/g, '')),
    () => form.reverse(),
    () => form.splice(form.indexOf(part), 1),
    () => form.push({ ...part }),
    () =>
      (draft.contentType = random.pick([
        'multipart/form-data',
        'multipart/form-data; boundary=',
        'multipart/form-data; boundary=other',
        'multipart/related; boundary=x',
      ])),
    () => draft.bytes.push((body) => body.subarray(0, random.between(0, body.length))),
    () =>
      draft.bytes.push((body) =>
        Buffer.from(body.toString('latin1').replaceAll('\r\n', random.pick(['\n', '\r', ''])), 'latin1'),
      ),
    () => form.push(...Array.from({ length: 200 }, (_none, at) => ({ name: `f${at}`, value: 'x' }))),
    () => (part.value = Buffer.from([0xff, 0xfe, 0x00, 0x80]).toString('latin1') + part.value),
  ];
  random.pick(ways)();
}

/** Faults that only a TCP socket can send. */
function spoilHttp(draft, random) {
  draft.isRaw = true;
  const ways = [
    () => (draft.withoutHost = true),
    () => draft.lines.push(['content-length', '5']),
    () => draft.lines.push(['transfer-encoding', random.pick(['chunked', 'gzip', 'chunked, chunked'])]),
    () => (draft.method = random.pick(['', 'get', 'GET GET', '\0', 'CONNECT'])),
    () => draft.lines.push([random.pick(['a b', '', 'a\0', ' folded']), 'x']),
    () => draft.lines.push(['x-long', 'x'.repeat(20_000)]),
    () =>
      (draft.target = random.pick([
        'http://127.0.0.1/v1/topups',
        'v1',
        '/\u0001',
        '/\u00ff',
        `/${'a'.repeat(15_000)}`,
      ])),
  ];
  random.pick(ways)();
}

function isContainer(value) {
  return typeof value === 'object' && value !== null && !(value instanceof RawJson);
}

function isObject(value) {
  return isContainer(value) && !Array.isArray(value);
}

function define(object, name, value) {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Percent-encodes a text that is not encoded yet. Lone surrogates are replaced, because they have no bytes. */
export function escaped(text) {
  if (/%/.test(text)) return text;
  return Buffer.from(text)
    .toString('latin1')
    .replaceAll(/[^A-Za-z0-9._~:[\]-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
