import { newUuid } from '../../src/common/ids.js';

/** Returns pseudo-random numbers n, 0 <= n < 1. The same seed gives the same numbers (mulberry32). */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<const Value>(random: Random, values: readonly [Value, ...Value[]]): Value {
  return values[Math.floor(random() * values.length)] ?? values[0];
}

/** A statement as spreadsheets, proxies and people produce it. */
export interface MadeFile {
  readonly provider: 'latcom' | 'latam-pass';
  readonly columns?: Readonly<Record<string, string>>;
  readonly format?: string | undefined;
  readonly bytes: Buffer;
}

type Cells = Readonly<Record<string, (random: Random) => string>>;

const uuid = (): string => newUuid();
const one =
  (...values: [string, ...string[]]) =>
  (random: Random): string =>
    pick(random, values);

/** The cells of an ordinary line. */
const USUAL: Readonly<Record<MadeFile['provider'], Cells>> = {
  latcom: {
    distributor_transaction_id: uuid,
    status: one('SUCCESS', 'SUCCESS', 'FAIL'),
    amount: one('10.00', '150.50', '7.25'),
    currency: one('MXN', 'USD', ''),
    date: one('2026-11-20T14:10:36.177Z', '2026-11-20T14:10:36Z', '2026-11-21T00:00:00Z'),
  },
  'latam-pass': {
    latamAccrualId: (random) => `A-${Math.floor(random() * 1e6)}`,
    partnerAccrualId: uuid,
    partnerTransactionId: one('ORDER-1', '', 'x/y.z:1'),
    ffn: one('01234567890', ''),
    points: one('300', '3000'),
    date: one('2026-11-20T14:10:36Z', '2026-11-20T14:10:36.5Z'),
  },
};

const ODD_IDS = one(
  ...(['', 'ORDER-1', 'Ñandú 1', '4111-1111-1111-1111', '1.23457E+14', '123.0', "'x", '="x"', '{x}', 'Total'] as const),
  ...([
    '00000000-0000-0000-0000-000000000000',
    '019AA3C5-7D2E-7C3B-9D6B-0D9F2F1D4A11',
    'a\u200bb',
    'x\\y',
    '"',
  ] as const),
);
const ODD_AMOUNTS = one(
  ...([
    '',
    '0',
    '0.00',
    '-5.00',
    '(5)',
    '5-',
    '1,5',
    '1.234',
    '1,234.56',
    '1.234,56',
    '1 234',
    '10.5',
    '010.00',
  ] as const),
  ...(['1e3', '998.8399999999999', '1234567890123.00', '$5', '٣', '10.00000', '300.00', '-300'] as const),
);
const ODD_DATES = one(
  ...(['', '2026-11-20', '2026-11-20 14:10', '2026-11-20T14:10:36-03:00', '20/11/2026', '11/20/2026 1:05 PM'] as const),
  ...(['2024-02-29T00:00:00Z', '2026-02-29T00:00:00Z', '1970-01-01T00:00:00Z', '1969-12-31T23:59:59Z'] as const),
  ...([
    '2026-12-01T23:59:59Z',
    '2026-12-02T00:00:01Z',
    '2062-01-10T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '46000',
  ] as const),
);
const ODD_STATUSES = one('', 'success', 'Failed', 'PENDING', 'en proceso', 'REVERSED', 'MAYBE', 'Éxito', 'SUCCESS ');
const ODD: Readonly<Record<string, (random: Random) => string>> = {
  distributor_transaction_id: ODD_IDS,
  latamAccrualId: ODD_IDS,
  partnerAccrualId: ODD_IDS,
  partnerTransactionId: ODD_IDS,
  status: ODD_STATUSES,
  amount: ODD_AMOUNTS,
  points: ODD_AMOUNTS,
  date: ODD_DATES,
  currency: one('', 'usd', 'PESOS', 'mxn', 'MX N'),
  ffn: one('"', '5"', 'x\u00a0', 'ñ'),
};
const NOTES = one(
  '',
  'Plan 5" ilimitado',
  '"',
  'Recarga móvil',
  'a;b',
  'a,b',
  '\u00a0',
  'x\ty',
  '=SUM(A1)',
  'a|b',
  'x'.repeat(300),
);
const FORMATS = one(
  ...(['', '', '', '{"decimal":","}', '{"decimal":",","thousands":"."}', '{"thousands":","}'] as const),
  ...([
    '{"dates":"dd/mm/yyyy"}',
    '{"dates":"mm/dd/yyyy","timeZone":"America/Mexico_City"}',
    '{"encoding":"utf-8"}',
  ] as const),
);

/** Names of additional columns that the gateway does not read, each after a slash. */
const UNREAD = one('', '/note', '/note/Descripción', '/');

export function randomFile(random: Random): MadeFile {
  const provider = pick(random, ['latcom', 'latcom', 'latam-pass']);
  const usual = USUAL[provider];
  const delimiter = pick(random, [',', ',', ';', '\t', '|']);
  const names = shuffled(random, [...Object.keys(usual), ...UNREAD(random).split('/').slice(1)]);
  const oddness = pick(random, [0, 0.02, 0.3]);
  const quoting = pick(random, [0, 0.05, 1]);
  const cell = (name: string): string => {
    const make = usual[name] ?? NOTES;
    return random() < oddness ? (ODD[name] ?? NOTES)(random) : make(random);
  };
  const write = (text: string): string => {
    if (random() < quoting || (text.includes(delimiter) && random() < 0.7)) return `"${text.replaceAll('"', '""')}"`;
    return text;
  };
  const lines = Array.from({ length: Math.floor(random() * 40) }, () => {
    if (random() < oddness / 4) return oddLine(random, delimiter, names);
    return names.map((name) => write(cell(name))).join(delimiter);
  });
  const header = names
    .map((name) => write(pick(random, [name, name, name.toUpperCase(), ` ${name} `])))
    .join(delimiter);
  const before = random() < 0.2 ? [pick(random, [`sep=${delimiter}`, 'LATCOM, S.A.', '', 'Título'])] : [];
  const end = pick(random, ['\n', '\r\n', '\r\r\n']);
  const text = [...before, header, ...lines, ...pick(random, [[], ['']])].join(end);
  return { provider, format: FORMATS(random) || undefined, bytes: encoded(random, text) };
}

function oddLine(random: Random, delimiter: string, names: readonly string[]): string {
  const cells = names.map((name) => (name === 'amount' || name === 'points' ? '30.00' : ''));
  return pick(random, [
    '',
    '   ',
    names.map(() => '').join(delimiter),
    cells.join(delimiter),
    ['Total', ...cells.slice(1)].join(delimiter),
    names.join(delimiter),
    [...cells, ...cells].join(delimiter),
    cells.slice(1).join(delimiter),
    `"open${delimiter}${cells.join(delimiter)}`,
    `${newUuid()} and ${newUuid()}`,
    '\r',
    '\0\u0007',
    'x'.repeat(70_000),
  ]);
}

function encoded(random: Random, text: string): Buffer {
  const marked = `\ufeff${text}`;
  return pick(random, [
    () => Buffer.from(text),
    () => Buffer.from(text),
    () => Buffer.from(text),
    () => Buffer.from(marked),
    () => Buffer.from(text, 'latin1'),
    () => Buffer.from(marked, 'utf16le'),
    () => Buffer.from(marked, 'utf16le').swap16(),
    () => Buffer.concat([Buffer.from(text), Buffer.from([0xe9, 0x0a])]),
  ])();
}

function shuffled(random: Random, values: readonly string[]): string[] {
  return values
    .map((value) => ({ value, at: random() }))
    .toSorted((first, second) => first.at - second.at)
    .map(({ value }) => value);
}
