import fc from 'fast-check';
import { CARD, sampled } from './hostile.mjs';

/*
 * Valid values. All personal data consists of canaries: unique long numbers and words, which must not be in any log.
 * The last digits choose the sandbox's behavior; inputs with a slow answer are left out.
 */
const FFN_ENDS = ['00001', '00002', '99101', '99108', '99204', '99400', '99404', '99502', '99602', '99605', '99607'];
const PHONE_ENDS = ['660', '661', '005', '051', '083', '091', '191', '204', '402', '500', '501', '600', '602', '609'];
const PLANS = [
  ...[
    'LOUNGE-BASIC',
    'LOUNGE-BASIC',
    'LOUNGE-BASIC',
    'PP-LOUNGE',
    'ESIM-MX-5GB',
    'LOUNGE-BASIC-400',
    'LOUNGE-BASIC-504',
  ],
  ...['LOUNGE-BASIC-DROP-AFTER', 'LOUNGE-BASIC-NOID', 'LOUNGE-BASIC-PENDING', 'NO-SUCH-PLAN'],
];
const FFN = '700471';
const PHONE = '5537689';
const DOCUMENT = '70047110112';
const NAMES = ['Kanarienvogel', 'Zwitscherling'];
const EMAIL = 'canary.of.the.fuzz@example.com';
const ENROL_TOKEN = 'canary-enrol-token-of-the-fuzz';
/** The password of every operator. A change sets the same one again. */
export const PASSWORD = 'right-password-of-the-fuzz';
const LETTERS = ['ordinary', 'Ñandú está aquí', 'Ωμέγα', '日本語', "O'Neil & Co", 'a, "b"; c', 'emoji \u{1f600}'];

/** Digits count only if they are not part of a longer run, e.g. of a UUID. */
export const CANARIES = new RegExp(
  [`(?<![0-9a-f-])(?:${FFN}\\d{5}|${PHONE}\\d{3}|${DOCUMENT})(?![0-9a-f-])`, ...NAMES, EMAIL, ENROL_TOKEN, CARD].join(
    '|',
  ),
);

const iso = (ms) => new Date(ms).toISOString();
const NO_ID = 'txn_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11';
const DAY_MS = 86_400_000;
/** Times are relative to this one, so that a repeated request is identical. */
const STARTED_AT_MS = Date.now();
const past = ({ random }) => iso(STARTED_AT_MS - random.between(1, 20 * DAY_MS));
const soon = ({ random }) => iso(STARTED_AT_MS + random.between(60_000, DAY_MS / 2));
const text = ({ random }) => random.pick(LETTERS);
const unique =
  (kind) =>
  ({ name, random }) =>
    `${kind}-${name}-${random.between(0, 1e9)}`;

/** Makers of values for members with rules that a schema cannot express. `name` identifies the request. */
const MEMBERS = {
  reference: (context) =>
    (context.random.next() < 0.05 && context.pool.pick('reference', context.random)) || unique('fuzz')(context),
  ffn: ({ random }) => FFN + random.pick(FFN_ENDS),
  documentId: () => DOCUMENT,
  phoneNumber: ({ random }) => PHONE + random.pick(PHONE_ENDS),
  phone: ({ random }) => `+52${PHONE}${random.pick(PHONE_ENDS)}`,
  email: () => EMAIL,
  firstName: () => NAMES[0],
  lastName: () => NAMES[1],
  enrolToken: () => ENROL_TOKEN,
  planId: ({ random, path }) => (path.startsWith('/v1/admin') ? `FUZZ-${random.between(1, 40)}` : random.pick(PLANS)),
  productId: ({ random, path }) => {
    if (path.startsWith('/v1/admin/products')) return `FUZZ_${random.between(1, 40)}`;
    return path.startsWith('/v1/topups') ? 'MOVISTAR_TAE' : random.pick(['001', '002']);
  },
  operator: () => 'MOVISTAR',
  amount: ({ random }) => ({ value: random.pick(['10.00', '20.00', '50']), currency: 'MXN' }),
  minAmount: ({ random }) => ({ value: random.pick(['10.00', '20.00']), currency: 'MXN' }),
  maxAmount: ({ random }) => ({ value: random.pick(['20.00', '50']), currency: 'MXN' }),
  allowDuplicate: ({ random }) => random.next() < 0.9,
  url: (context) => `https://partner.example/${unique('hook')(context)}`,
  username: unique('op'),
  name: text,
  description: text,
  reason: text,
  evidence: text,
  password: () => PASSWORD,
  newPassword: () => PASSWORD,
  currentPassword: () => PASSWORD,
  occurredAt: past,
  releaseAt: soon,
  expiresAt: soon,
  reconciliationId: ({ random, pool }) => pool.pick('rec', random),
  appId: ({ random, pool }) => pool.pick('app', random),
  columns: () => '{"amount":"amount"}',
  unit: () => 'MXN',
  amountAtMost: () => '100.00',
  passes: (context) =>
    [1, 2].map((each) => context.valid(context.itemSchema, { ...context, name: `${context.name}-${each}` })),
};
const OPTIONAL_SHARE = 0.4;
const patterns = new Map();

/** A valid value for a schema of the document. `context` is { document, random, pool, path, name }. */
export function valid(schema, context, member) {
  const { document, random } = context;
  const is = document.resolve(schema);
  if (member in MEMBERS) return MEMBERS[member]({ ...context, valid, itemSchema: is.items });
  if (is.enum) return random.pick(is.enum);
  if (is.properties) return validObject(is, context);
  switch (is.type) {
    case 'object':
      return { channel: text(context) };
    case 'array':
      return [...new Set(Array.from({ length: random.between(1, 3) }, () => valid(is.items, context)))];
    case 'boolean':
      return random.next() < 0.5;
    case 'integer':
    case 'number':
      return random.between(is.minimum ?? 0, Math.min(is.maximum ?? 100, (is.minimum ?? 0) + 5_000));
    default:
      return validText(is, context);
  }
}

function validObject({ properties, required = [] }, context) {
  const names = Object.keys(properties).filter(
    (name) => required.includes(name) || context.random.next() < OPTIONAL_SHARE,
  );
  // A member needs `ffn` or `document`; the schema cannot express this.
  if ('document' in properties && !names.includes('document') && !names.includes('ffn')) names.push('ffn');
  return Object.fromEntries(names.map((name) => [name, valid(properties[name], context, name)]));
}

function validText(is, context) {
  if (is.format === 'date-time') return past(context);
  if (is.example !== undefined) return is.example;
  if (is.pattern === undefined) return text(context);
  if (!patterns.has(is.pattern)) patterns.set(is.pattern, fc.stringMatching(new RegExp(is.pattern)));
  return sampled(patterns.get(is.pattern), context.random);
}

/** Values for the parameters of a path: ids of the right kind from earlier answers, if there are any. */
export function pathValues(operation, context) {
  const names = operation.parameters.path.map(({ name }) => name);
  if (!names.includes('keyId'))
    return Object.fromEntries(names.map((name) => [name, pathValue(operation, name, context)]));
  const [id, keyId] = (context.pool.pick('app and key', context.random) ?? `${NO_ID} ${NO_ID}`).split(' ');
  return { id, keyId };
}

function pathValue({ path, segments }, parameter, { document, random, pool }) {
  if (parameter === 'name') return random.pick(document.providers);
  if (parameter === 'planId') return `FUZZ-${random.between(1, 40)}`;
  if (parameter === 'productId') return `FUZZ_${random.between(1, 40)}`;
  const kinds = {
    accruals: random.pick(['accrual', 'scheduled']),
    topups: random.pick(['topup', 'pending']),
    transactions: random.pick(['txn', 'unknown', 'scheduled', 'processing', 'pending', 'failed']),
    apps: /\/eras/.test(path) ? 'removed app' : 'app',
    ...{ events: 'evt', 'webhook-endpoints': 'whep', 'webhook-deliveries': 'whd', 'webhook-replays': 'rpl' },
    ...{ passes: 'pass', operators: 'opr', breaks: 'brk', notifications: 'ntf', reconciliations: 'rec' },
  };
  return pool.pick(kinds[segments[segments.indexOf(`{${parameter}}`) - 1]], random) ?? NO_ID;
}

/** A notification like those of LATAM Pass, about one of the run's accruals if there is one. */
export function notification({ random, pool }) {
  const status = random.pick(['PROCESSED', 'PROCESSED', 'CANCELLED', 'UNDER_REVIEW']);
  return {
    nonAirAccrual: { ffn: FFN + random.pick(FFN_ENDS), status, latamAccrualId: `fuzz-${random.between(0, 1e9)}` },
    trace: { correlationId: pool.pick('correlation', random) ?? 'f050f11e-b05b-499d-ae13-154efc091ef4' },
    ...(status === 'CANCELLED' && { error: { code: 204, message: 'NoSuchMember', instructions: 'None.' } }),
  };
}

function formatOf(random) {
  const all = {
    delimiter: random.pick([',', ';', null]),
    encoding: random.pick(['utf-8', 'windows-1252', 'utf-16le']),
    decimal: random.pick(['.', ',']),
    dates: random.pick(['dd/mm/yyyy', 'yyyy-mm-dd']),
    timeZone: random.pick(['America/Mexico_City', 'Mars/Base']),
  };
  return Object.fromEntries(Object.entries(all).filter(() => random.next() < OPTIONAL_SHARE));
}

/** The form of a statement: fields, and the file as the last one. */
export function statement({ random, pool }) {
  const ids = Array.from({ length: 5 }, () => (pool.pick('topup', random) ?? 'txn_none').slice(4));
  const lines = ids.map(
    (id) =>
      `${id},${random.pick(['SUCCESS', 'FAIL'])},${random.pick(['10.00', '20.00', '-1'])},MXN,${iso(STARTED_AT_MS)}`,
  );
  const head = 'distributor_transaction_id,status,amount,currency,date';
  return [
    { name: 'provider', value: 'latcom' },
    { name: 'kind', value: 'statement' },
    ...(random.next() < 0.5 ? [{ name: 'format', value: JSON.stringify(formatOf(random)) }] : []),
    {
      name: 'file',
      value: [head, ...lines, `${random.between(0, 1e9)},SUCCESS,10.00,MXN,${iso(STARTED_AT_MS)}`].join('\n'),
      file: 's.csv',
    },
  ];
}
