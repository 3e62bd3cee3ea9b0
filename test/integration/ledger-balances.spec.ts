import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Pool } from 'pg';
import { Database } from '../../src/database/database.js';
import { newUuid } from '../../src/common/ids.js';
import { readBalances } from '../../src/ledger/reads/ledger-balances.js';
import { postCorrection } from '../../src/ledger/writes/correct.js';
import { Ledger } from '../../src/ledger/ledger.service.js';
import { LedgerReader } from '../../src/ledger/reads/ledger-reader.service.js';
import { Sealer } from '../../src/ledger/chain/sealer.js';
import type { Transaction } from '../../src/ledger/model/transaction.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';
import { draft } from '../support/drafts.js';

/* Compares the balances at any time with sums over the raw rows, for random histories. */

let place: TestDatabase;
let pool: Pool;
let database: Database;

beforeEach(async () => {
  place = await createDatabase();
  pool = openPool(place, 5);
  database = new Database(pool);
});

afterEach(async () => {
  await pool.end();
  await place.drop();
});

/** Pseudo-random numbers. The same seed gives the same numbers (mulberry32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface Entry {
  readonly transaction: string;
  readonly debit: string;
  readonly credit: string;
  readonly phase: string;
  readonly amount: bigint;
  readonly at: bigint;
  readonly seq: number;
}

interface Event {
  readonly transaction: string;
  readonly seq: number;
  readonly at: bigint;
  readonly to: string | null;
  readonly evidence: string;
  readonly correctionId: string | null;
}

const MICROS = `(extract(epoch from at) * 1000000)::bigint::text as at`;

async function raw(): Promise<{ entries: Entry[]; events: Event[] }> {
  const entries = await database.query<Omit<Entry, 'at' | 'amount'> & { at: string; amount: string }>(
    `select transaction_id as transaction, debit_account::text as debit, credit_account::text as credit, phase,
       amount::text, seq, ${MICROS} from ledger_entries`,
  );
  const events = await database.query<Omit<Event, 'at'> & { at: string }>(
    `select transaction_id as transaction, seq, to_status as to, evidence, detail->>'correctionId' as "correctionId",
       ${MICROS} from transaction_events`,
  );
  return {
    entries: entries.map((row) => ({ ...row, amount: BigInt(row.amount), at: BigInt(row.at) })),
    events: events.map((row) => ({ ...row, at: BigInt(row.at) })),
  };
}

/** The time from which an entry counts in the mode `happened`. */
function happenedAt(entry: Entry, events: readonly Event[]): bigint {
  const own = events.filter(({ transaction }) => transaction === entry.transaction);
  const doubt = own.find((event) => event.to === 'unknown' && event.seq < entry.seq);
  const corrects = events.find((event) => event.to === null && event.correctionId === `txn_${entry.transaction}`);
  if (corrects) {
    const of = events.filter(({ transaction }) => transaction === corrects.transaction);
    const end =
      of.find(({ to }) => to === 'unknown') ??
      of.find(({ to }) => to === 'succeeded' || to === 'failed' || to === 'canceled');
    return end && end.at < entry.at ? end.at : entry.at;
  }
  return doubt && doubt.at < entry.at ? doubt.at : entry.at;
}

/** The expected balances by account, summed up entry by entry. Accounts with zero balances are omitted. */
function expected({ entries, events }: Awaited<ReturnType<typeof raw>>, until: bigint, happened: boolean): object {
  const sums = new Map<string, { held: bigint; posted: bigint }>();
  for (const entry of entries) {
    if ((happened ? happenedAt(entry, events) : entry.at) >= until) continue;
    for (const [account, sign] of [
      [entry.debit, -1n],
      [entry.credit, 1n],
    ] as const) {
      const sum = sums.get(account) ?? { held: 0n, posted: 0n };
      sum.held += (entry.phase === 'hold' ? sign : -sign) * entry.amount;
      if (entry.phase === 'post') sum.posted += sign * entry.amount;
      sums.set(account, sum);
    }
  }
  return Object.fromEntries([...sums].filter(([, { held, posted }]) => held !== 0n || posted !== 0n));
}

/** Writes a random history like the ledger, but with chosen times. Only the owner's role can do that. */
async function write(client: Client, random: (below: number) => number, spanMicros: bigint): Promise<void> {
  const app = newUuid();
  await client.query(
    `insert into ledger_accounts (owner_kind, owner, unit) values ('app', $1, 'MXN'), ('provider', 'latcom', 'MXN')
     on conflict do nothing`,
    [app],
  );
  const { rows } = await client.query<{ id: string; kind: string }>(
    `select id::text, owner_kind as kind from ledger_accounts where owner in ($1, 'latcom') order by owner_kind`,
    [app],
  );
  const [mine = '', theirs = ''] = rows.map((row) => row.id);
  const start = BigInt(Date.now() - 3_600_000) * 1000n;
  const when = (micros: bigint): string => `timestamptz 'epoch' + interval '1 microsecond' * ${micros}`;
  const event = (
    id: string,
    seq: number,
    at: bigint,
    from: string | null,
    to: string | null,
    corrected = '',
  ): Promise<unknown> =>
    client.query(
      `insert into transaction_events (id, transaction_id, app_id, seq, at, from_status, to_status, actor, evidence, detail)
       values ($1, $2, $3, $4, ${when(at)}, $5, $6, 'test', $7, $8)`,
      [
        newUuid(),
        id,
        app,
        seq,
        from,
        to,
        corrected ? 'correction' : 'test',
        corrected ? { correctionId: `txn_${corrected}` } : {},
      ],
    );
  const entry = (
    id: string,
    seq: number,
    at: bigint,
    phase: string,
    amount: number,
    isBack = false,
  ): Promise<unknown> =>
    client.query(
      `insert into ledger_entries (transaction_id, app_id, seq, phase, debit_account, credit_account, amount, at)
       values ($1, $2, $3, $4, $5, $6, $7, ${when(at)})`,
      [id, app, seq, phase, isBack ? theirs : mine, isBack ? mine : theirs, amount],
    );
  for (let count = 0; count < 12; count += 1) {
    const id = newUuid();
    const amount = 1 + random(5_000);
    // Few distinct times, so that several changes share a time, and some have exactly the time of a query.
    let now = start + BigInt(random(20)) * (spanMicros / 20n) + BigInt(random(3) - 1);
    const later = (): bigint => (now += BigInt(random(6)) * (spanMicros / 20n) + BigInt(random(2)));
    await event(id, 1, now, null, 'pending');
    await entry(id, 1, now, 'hold', amount);
    if (random(6) === 0) continue;
    const isDoubtful = random(2) === 0;
    if (isDoubtful) await event(id, 2, later(), 'pending', 'unknown');
    if (isDoubtful && random(3) === 0) continue;
    const ends = ['succeeded', 'failed'][random(2)] ?? 'failed';
    const seq = isDoubtful ? 3 : 2;
    await event(id, seq, later(), isDoubtful ? 'unknown' : 'pending', ends);
    await entry(id, seq, now, ends === 'succeeded' ? 'post' : 'release', amount);
    if (random(2) === 0) continue;
    const correction = newUuid();
    await event(id, seq + 1, later(), null, null, correction);
    await event(correction, 1, now, null, 'succeeded', correction);
    const isBack = random(2) === 0;
    for (const phase of ['hold', 'post']) await entry(correction, 1, now, phase, 1 + random(1), isBack);
  }
}

async function compareAt(when: Date | null): Promise<void> {
  const rows = await raw();
  const accounts = await database.query<{ id: string; owner: string; unit: string }>(
    `select id::text, owner, unit from ledger_accounts`,
  );
  const until = when === null ? 1n << 62n : BigInt(when.getTime() + 1) * 1000n;
  for (const view of ['known', 'happened'] as const) {
    const balances = await readBalances(database, when, view);
    const found = balances.flatMap(({ owner, unit, held, posted }) => {
      const id = accounts.find((account) => account.owner === owner && account.unit === unit)?.id ?? '';
      return held === 0n && posted === 0n ? [] : [[id, { held, posted }] as const];
    });
    expect([view, when, Object.fromEntries(found)]).toEqual([view, when, expected(rows, until, view === 'happened')]);
    expect(balances.reduce((sum, { held }) => sum + held, 0n)).toBe(0n);
    expect(balances.reduce((sum, { posted }) => sum + posted, 0n)).toBe(0n);
  }
}

it.each([1, 2, 3, 4])(
  'balances agree with the raw rows, sealed or not, with late rows and corrections (seed %i)',
  async (seed) => {
    const random = randomOf(seed);
    const client = new Client({ connectionString: place.adminUrl });
    await client.connect();
    const hour = 3_600_000_000n;
    // Some rows have times in the future and are not sealed.
    await write(client, random, random(2) === 0 ? hour / 2n : hour * 2n);
    const sealer = new Sealer(database, 5);
    while (await sealer.seal()) if (random(4) === 0) break;
    await client.end();
    const { rows } = await pool.query<{ at: Date }>(
      `select distinct at from ledger_entries union select at from transaction_events`,
    );
    const points = rows.flatMap(({ at }) => [at, new Date(at.getTime() - 1)]);
    for (let count = 0; count < 12; count += 1) await compareAt(points[random(points.length)] ?? null);
    await compareAt(null);
  },
);

it('balances count a correction from the end of its transaction, and what was known from its posting', async () => {
  const ledger = new Ledger(database);
  const row = draft({ appId: newUuid() });
  await ledger.record(row);
  const reader = new LedgerReader(database);
  const find = async (): Promise<Transaction> => {
    const found = await reader.find(row.id, null);
    if (!found) throw new Error('not there');
    return found;
  };
  const common = { epoch: null, dueInMs: null, actor: 'test', evidence: 'answer', eventId: newUuid() } as const;
  await ledger.settle(await find(), { ...common, to: 'succeeded' });
  const ended = (await find()).completedAt;
  await sleep(50);
  const correction = { difference: -400n, actor: 'test', reason: 'they say so', detail: {} };
  const corrected = await find();
  await database.transaction((client) => postCorrection(client, corrected, correction));
  const posted = async (view: 'known' | 'happened', when: Date | null): Promise<bigint | undefined> =>
    (await readBalances(database, when, view)).find(({ owner }) => owner === row.appId)?.posted;
  // The balance at exactly the shown completion time includes the transaction.
  expect(await posted('known', ended)).toBe(-1000n);
  expect(await posted('happened', ended)).toBe(-600n);
  expect(await posted('known', null)).toBe(-600n);
  expect(await posted('happened', null)).toBe(-600n);
});
