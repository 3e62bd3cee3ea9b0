import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Pool } from 'pg';
import { Database } from '../../../src/database/database.js';
import { newUuid } from '../../../src/common/ids.js';
import { readBalances, type View } from '../../../src/ledger/reads/ledger-balances.js';
import { Ledger } from '../../../src/ledger/ledger.service.js';
import { LedgerReader } from '../../../src/ledger/reads/ledger-reader.service.js';
import { GENESIS, linkHash, readLeaves } from '../../../src/ledger/chain/seal-leaves.js';
import { Sealer } from '../../../src/ledger/chain/sealer.js';
import type { Transaction } from '../../../src/ledger/model/transaction.js';
import { verifyLedger } from '../../../src/ledger/chain/verifier.js';
import { createDatabase, openPool, type TestDatabase } from '../../support/database.js';
import { draft } from '../../support/drafts.js';
import { at, textAt } from '../../support/http.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup } from '../../support/world.js';

/** The time after which no row with an earlier time can appear. */
const SETTLE_MS = 1_100;

let place: TestDatabase;
let pool: Pool;
let database: Database;
let ledger: Ledger;
let reader: LedgerReader;

beforeEach(async () => {
  place = await createDatabase();
  pool = openPool(place, 10);
  database = new Database(pool);
  ledger = new Ledger(database);
  reader = new LedgerReader(database);
});

afterEach(async () => {
  await pool.end();
  await place.drop();
});

async function recorded(): Promise<Transaction> {
  const row = draft();
  await ledger.record(row);
  const transaction = await reader.find(row.id, null);
  if (!transaction) throw new Error('not there');
  return transaction;
}

async function ended(transaction: Transaction, to: Transaction['status']): Promise<void> {
  const current = (await reader.find(transaction.id, null)) ?? transaction;
  const common = { epoch: null, dueInMs: null, actor: 'test', evidence: 'answer', eventId: newUuid() } as const;
  expect((await ledger.settle(current, { ...common, to })).moved).toBe(true);
}

async function sealAll(): Promise<number> {
  await sleep(SETTLE_MS);
  const sealer = new Sealer(database);
  let rows = 0;
  for (let seal = await sealer.seal(); seal; seal = await sealer.seal()) rows += seal.rows;
  return rows;
}

/** Changes rows like an attacker who owns the database and disables its triggers. */
async function tamper(text: string, values: unknown[]): Promise<void> {
  const client = new Client({ connectionString: place.adminUrl });
  await client.connect();
  await client.query(`set session_replication_role = replica`);
  const { rowCount } = await client.query(text, values);
  await client.end();
  expect(rowCount).toBe(1);
}

describe('the chain of seals', () => {
  it('reports more rows only when they existed before it began', async () => {
    for (let count = 0; count < 3; count += 1) await recorded();
    await sleep(SETTLE_MS);
    expect(await new Sealer(database, 4).seal()).toMatchObject({ hasMore: true });
    expect(await new Sealer(database).seal()).toMatchObject({ hasMore: false });
  });

  it('covers every event and entry once, including those of simultaneous writers', async () => {
    const both = await Promise.all(
      Array.from({ length: 60 }, async (_none, index) => {
        const one = await recorded();
        await ended(one, index % 2 === 0 ? 'succeeded' : 'failed');
      }),
    );
    expect(await sealAll()).toBe(both.length * 4);
    expect(await sealAll()).toBe(0);
    await recorded();
    expect(await sealAll()).toBe(2);
    expect(await verifyLedger(database)).toMatchObject({ fault: null, seals: 2, rows: both.length * 4 + 2 });
  });

  it('is byte for byte as the schema documents it', async () => {
    for (let times = 0; times < 3; times += 1) await ended(await recorded(), times === 1 ? 'failed' : 'succeeded');
    await sealAll();
    const kinds = ['event', 'hold', 'post', 'release'];
    const rows = await database.query<{ id: string; seq: number; kind: string; digest: Buffer }>(
      `select transaction_id as id, seq, 'event' as kind, event_digest(e) as digest from transaction_events e
       union all select transaction_id, seq, phase, entry_digest(e) from ledger_entries e`,
    );
    const leaves = rows.map(({ id, seq, kind, digest }) => {
      const key = Buffer.from(id.replaceAll('-', '') + seq.toString(16).padStart(8, '0'), 'hex');
      return Buffer.concat([key, Buffer.of(kinds.indexOf(kind)), digest.subarray(0, 16)]);
    });
    const [seal] = await database.query<{ leaves: Buffer }>('select leaves from ledger_seals');
    expect(rows).toHaveLength(12);
    expect(seal?.leaves).toEqual(Buffer.concat(leaves.sort((a, b) => Buffer.compare(a, b))));
  });

  it('continues after the tenth seal, and is read in order', async () => {
    for (let index = 0; index < 30; index += 1) await recorded();
    await sleep(SETTLE_MS);
    const sealer = new Sealer(database, 4);
    let seals = 0;
    while (await sealer.seal()) seals += 1;
    expect(seals).toBeGreaterThan(11);
    expect(await verifyLedger(database)).toMatchObject({ fault: null, seals, rows: 60 });
    const posted = await readBalances(database, null, 'known');
    expect(posted.find((one) => one.owner === 'latcom')?.held).toBe(30_000n);
  });

  it('waits for a writer who began before and commits afterwards', async () => {
    const late = await pool.connect();
    await late.query('begin');
    await late.query('select 1');
    const one = await recorded();
    expect(await sealAll()).toBe(0);
    await late.query(
      `insert into transaction_events (id, transaction_id, app_id, seq, at, to_status, actor, evidence)
       values ($1, $2, $3, 2, now(), null, 'test', 'late')`,
      [newUuid(), one.id, one.appId],
    );
    await late.query('commit');
    late.release();
    expect(await sealAll()).toBe(3);
    expect((await verifyLedger(database)).fault).toBeNull();
  });

  it('gets one seal from two simultaneous sealers', async () => {
    await recorded();
    await sleep(SETTLE_MS);
    const [first, second] = await Promise.all([new Sealer(database).seal(), new Sealer(database).seal()]);
    expect([first, second].filter((seal) => seal !== null)).toHaveLength(1);
    expect(await verifyLedger(database)).toMatchObject({ fault: null, seals: 1, rows: 2 });
  });
});

describe('the verification of the ledger', () => {
  let victim: Transaction;

  beforeEach(async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => recorded()));
    await Promise.all(all.map((one) => ended(one, 'succeeded')));
    victim = all[7] ?? victim;
    expect(await sealAll()).toBe(80);
    expect((await verifyLedger(database)).fault).toBeNull();
  });

  it.each<[string, string, object]>([
    [
      'an amount that was changed',
      `update ledger_entries set amount = amount + 1 where transaction_id = $1 and phase = 'hold'`,
      { kind: 'row_changed', row: { seq: 1, kind: 'hold' } },
    ],
    [
      'an event that was changed',
      `update transaction_events set detail = '{"a": 1}' where transaction_id = $1 and seq = 2`,
      { kind: 'row_changed', row: { seq: 2, kind: 'event' } },
    ],
    [
      'an event that was deleted',
      `delete from transaction_events where transaction_id = $1 and seq = 1`,
      { kind: 'row_missing', row: { seq: 1, kind: 'event' } },
    ],
    [
      'an entry that was moved to another time',
      `update ledger_entries set at = at - interval '1 day' where transaction_id = $1 and phase = 'post'`,
      { kind: expect.stringMatching(/^row_/), row: { seq: 2, kind: 'post' } },
    ],
    [
      'an event that was slipped in',
      `insert into transaction_events (id, transaction_id, app_id, seq, at, to_status, actor, evidence)
       select gen_random_uuid(), transaction_id, app_id, 9, at, null, 'x', 'x' from transaction_events
       where transaction_id = $1 and seq = 2`,
      { kind: 'row_added', row: { seq: 9, kind: 'event' } },
    ],
    [
      'a status that was changed',
      `update transactions set status = 'failed' where id = $1`,
      { kind: 'status_differs' },
    ],
    ['a transaction that was deleted', `delete from transactions where id = $1`, { kind: 'transaction_missing' }],
    [
      'a transaction that was given to another app',
      `update transactions set app_id = gen_random_uuid() where id = $1`,
      {
        kind: 'transaction_missing',
      },
    ],
    ['a unit that was changed', `update transactions set unit = 'USD' where id = $1`, { kind: 'amount_differs' }],
    ['a quantity that was changed', `update transactions set quantity = 1 where id = $1`, { kind: 'amount_differs' }],
  ])('finds %s, and names the transaction', async (_what, text, fault) => {
    await tamper(text, [victim.id]);
    const { fault: found } = await verifyLedger(database);
    expect(found).toMatchObject(fault);
    expect(
      JSON.stringify(found, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).toContain(victim.id);
  });

  it('finds two entries whose amounts were swapped, although the sums are unchanged', async () => {
    const larger = draft({ quantity: 2500n });
    await ledger.record(larger);
    expect(await sealAll()).toBe(2);
    for (const [id, amount] of [
      [victim.id, 2500],
      [larger.id, 1000],
    ]) {
      await tamper(`update ledger_entries set amount = $2 where transaction_id = $1 and phase = 'hold'`, [id, amount]);
    }
    const { fault } = await verifyLedger(database);
    expect(fault).toMatchObject({ kind: 'row_changed', row: { transactionId: victim.id, kind: 'hold' } });
  });

  it('finds balances that were moved from one account to another', async () => {
    const [unit] = await database.query<{ unit: string }>(`select unit from ledger_accounts limit 1`);
    await tamper(
      `update ledger_checkpoints c set posted = posted + $1 from ledger_accounts a
       where a.id = c.account_id and a.owner_kind = 'provider'`,
      [500],
    );
    await tamper(
      `update ledger_checkpoints c set posted = posted - $1 from ledger_accounts a
       where a.id = c.account_id and a.owner_kind = 'app'`,
      [500],
    );
    const { fault } = await verifyLedger(database);
    expect(fault).toMatchObject({ kind: 'balance_differs', sealNo: 1n, unit: unit?.unit });
  });

  it('finds accounts with changed owners', async () => {
    await tamper(`update ledger_accounts set owner = $1 where owner_kind = 'app'`, [newUuid()]);
    expect((await verifyLedger(database)).fault).toMatchObject({ kind: 'amount_differs' });
  });

  it('finds a seal that was adapted to changed rows', async () => {
    await tamper(`update ledger_seals set leaves = substring(leaves from 38), rows = rows - $1`, [1]);
    expect((await verifyLedger(database)).fault).toEqual({ kind: 'seal_changed', sealNo: 1n });
  });

  it('finds a missing seal', async () => {
    await recorded();
    expect(await sealAll()).toBe(2);
    await tamper(`delete from ledger_seals where no = $1`, [1]);
    expect((await verifyLedger(database)).fault).toEqual({ kind: 'seal_missing', sealNo: 1n });
  });

  /** Changes a row and recalculates the seals, like an attacker who knows their format. */
  async function forge(no: bigint): Promise<void> {
    await tamper(`update transaction_events set detail = '{"a": 1}' where transaction_id = $1 and seq = 2`, [
      victim.id,
    ]);
    const micros = (column: string): string => `(extract(epoch from ${column}) * 1000000)::bigint::text`;
    const [seal] = await database.query<{ from: string; to: string; before: Buffer | null }>(
      `select ${micros('from_at')} as from, ${micros('to_at')} as to,
         (select hash from ledger_seals where no = $1 - 1) as before from ledger_seals where no = $1`,
      [String(no)],
    );
    if (!seal) throw new Error('no such seal');
    const [fromAt, toAt] = [BigInt(seal.from), BigInt(seal.to)];
    const leaves = await readLeaves(database, fromAt, toAt);
    const hash = linkHash(seal.before ?? GENESIS, { no, fromAt, toAt, leaves });
    await tamper(`update ledger_seals set leaves = $2, hash = $3 where no = $1`, [String(no), leaves, hash]);
  }

  it('finds a forged seal by its successor', async () => {
    await recorded();
    expect(await sealAll()).toBe(2);
    await forge(1n);
    expect((await verifyLedger(database)).fault).toEqual({ kind: 'seal_changed', sealNo: 2n });
  });

  it('finds a forged last seal by a hash that was kept, and a process that knows the hash does not seal after it', async () => {
    const sealer = new Sealer(database);
    expect(await sealer.seal()).toBeNull();
    const { head } = await verifyLedger(database);
    expect((await verifyLedger(database, head)).fault).toBeNull();
    await forge(1n);
    // No data in the database shows the change; only the stored head does.
    expect((await verifyLedger(database)).fault).toBeNull();
    expect((await verifyLedger(database, head)).fault).toEqual({ kind: 'head_missing' });
    await recorded();
    await sleep(SETTLE_MS);
    await expect(sealer.seal()).rejects.toThrow('seal 1 with the hash');
  });

  it('finds a missing end of the chain by a hash that was kept', async () => {
    await recorded();
    expect(await sealAll()).toBe(2);
    const { head } = await verifyLedger(database);
    await tamper(`delete from ledger_seals where no = $1`, [2]);
    expect((await verifyLedger(database)).fault).toEqual({ kind: 'seal_missing', sealNo: 2n });
    const client = new Client({ connectionString: place.adminUrl });
    await client.connect();
    await client.query(`set session_replication_role = replica`);
    await client.query(`delete from ledger_checkpoints where seal_no = 2`);
    await client.end();
    expect(await verifyLedger(database)).toMatchObject({ fault: null, unsealed: 2 });
    expect((await verifyLedger(database, head)).fault).toEqual({ kind: 'head_missing' });
  });
});

it('the verification of the ledger reports the number of unsealed rows, and compares them with their transactions', async () => {
  const one = await recorded();
  expect(await verifyLedger(database)).toMatchObject({ fault: null, seals: 0, unsealed: 2, sealedUntil: null });
  await tamper(`update ledger_entries set amount = amount + 1 where transaction_id = $1`, [one.id]);
  expect((await verifyLedger(database)).fault).toEqual({ kind: 'amount_differs', transactionId: one.id });
});

describe('balances of the past', () => {
  async function latcom(when: Date | null, view: View = 'known'): Promise<{ held: bigint; posted: bigint } | null> {
    const balances = await readBalances(database, when, view);
    for (const unit of new Set(balances.map((one) => one.unit))) {
      const sum = balances.filter((one) => one.unit === unit).reduce((all, one) => all + one.held + one.posted, 0n);
      expect(sum).toBe(0n);
    }
    const found = balances.find((one) => one.owner === 'latcom');
    return found ? { held: found.held, posted: found.posted } : null;
  }

  async function clock(): Promise<Date> {
    await sleep(20);
    const [row] = await database.query<{ now: Date }>(`select clock_timestamp() as now`);
    await sleep(20);
    return row?.now ?? new Date();
  }

  it('show what was known then or had happened then, with and without seals', async () => {
    const start = await clock();
    const [known, doubtful] = [await recorded(), await recorded()];
    const held = await clock();
    await ended(known, 'succeeded');
    await ended(doubtful, 'unknown');
    const inDoubt = await clock();
    await ended(doubtful, 'succeeded');
    const all = async (): Promise<unknown[]> => [
      await latcom(start),
      await latcom(held),
      await latcom(held, 'happened'),
      await latcom(inDoubt),
      await latcom(inDoubt, 'happened'),
      await latcom(null),
    ];
    const expected = [
      { held: 0n, posted: 0n },
      { held: 2000n, posted: 0n },
      { held: 2000n, posted: 0n },
      { held: 1000n, posted: 1000n },
      { held: 0n, posted: 2000n },
      { held: 0n, posted: 2000n },
    ];
    expect(await all()).toEqual(expected);
    await sealAll();
    await recorded();
    expect(await all()).toEqual([...expected.slice(0, 5), { held: 1000n, posted: 2000n }]);
    await sealAll();
    expect(await all()).toEqual([...expected.slice(0, 5), { held: 1000n, posted: 2000n }]);
  });
});

it('a ledger is sealed, verified and shown by the gateway', async () => {
  const world = await startWorld();
  const before = new Date().toISOString();
  await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=15' });
  const verified = await eventually(
    20_000,
    () => world.admin('GET', '/v1/admin/ledger/verify'),
    (one) => Number(at(one.body, 'rows')) >= 4,
  );
  expect(verified).toMatchObject({
    status: 200,
    body: { ok: true, fault: null, sealedUntil: expect.any(String), head: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  const accounts = await world.admin('GET', '/v1/admin/ledger/accounts');
  expect(at(accounts.body, 'data', 1)).toMatchObject({ account: 'latcom', kind: 'provider', unit: 'MXN' });
  const now = await world.admin('GET', '/v1/admin/ledger/balances?by=happened');
  expect(at(now.body, 'data', 1)).toMatchObject({ account: 'latcom', held: '0.00', posted: '10.00' });
  const then = await world.admin('GET', `/v1/admin/ledger/balances?at=${before}`);
  expect(at(then.body, 'data', 1)).toMatchObject({ account: 'latcom', held: '0.00', posted: '0.00' });
  expect((await world.admin('GET', '/v1/admin/ledger/balances?at=yesterday')).status).toBe(400);
  expect((await world.call('GET', '/v1/admin/ledger/verify')).status).toBe(403);
  const head = textAt(verified.body, 'head');
  expect(head).not.toBe('0'.repeat(64));
  const kept = (hash: string): Promise<unknown> =>
    world.admin('GET', `/v1/admin/ledger/verify?head=${hash}`).then(({ body }) => at(body, 'fault', 'kind') ?? null);
  expect(await kept(head)).toBeNull();
  expect(await kept('0'.repeat(64))).toBe('head_missing');
  expect((await world.admin('GET', '/v1/admin/ledger/verify?head=1')).status).toBe(400);
}, 60_000);

it('a ledger whose sealer is killed is sealed by the next instance', async () => {
  const world = await startWorld();
  const blocker = new Client({ connectionString: world.database.adminUrl });
  await blocker.connect();
  await blocker.query('begin');
  // The seal can be written, but its balances cannot.
  await blocker.query('lock table ledger_checkpoints in exclusive mode');
  await world.call('POST', '/v1/topups', topup(), { prefer: 'wait=15' });
  await eventually(
    20_000,
    async () => (await blocker.query(`select from pg_locks where not granted and locktype = 'relation'`)).rowCount,
    (waiting) => waiting === 1,
  );
  await world.gateway().kill();
  await blocker.query('rollback');
  await blocker.end();
  await world.crash();
  const verified = await eventually(
    20_000,
    () => world.admin('GET', '/v1/admin/ledger/verify'),
    (one) => Number(at(one.body, 'rows')) >= 4,
  );
  expect(verified.body).toMatchObject({ ok: true, unsealed: 0 });
}, 60_000);

it('the verification of a ledger is correct while another instance seals it', async () => {
  for (let count = 0; count < 3; count += 1) await recorded();
  await sleep(SETTLE_MS);
  // One connection locks and seals, so that it can seal while the verification waits for the lock.
  const locking = openPool({ ...place, url: place.adminUrl }, 1);
  try {
    await locking.query('begin');
    await locking.query('lock table ledger_checkpoints in access exclusive mode');
    const verifying = verifyLedger(database);
    await sleep(300);
    expect(await new Sealer(new Database(locking)).seal()).toMatchObject({ no: 1n });
    await locking.query('commit');
    expect(await verifying).toMatchObject({ fault: null });
  } finally {
    await locking.end();
  }
});
