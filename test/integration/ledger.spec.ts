import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Pool } from 'pg';
import { Database } from '../../src/database/database.js';
import { newUuid } from '../../src/common/ids.js';
import { readBalances } from '../../src/ledger/reads/ledger-balances.js';
import { erasePersonal } from '../../src/ledger/writes/erase.js';
import { forgetOldKeys } from '../../src/ledger/writes/expire-idempotency-keys.js';
import { Ledger } from '../../src/ledger/ledger.service.js';
import { isFinal, isLegalTransition } from '../../src/ledger/model/status-transitions.js';
import { LedgerReader } from '../../src/ledger/reads/ledger-reader.service.js';
import { analyzeOutgrown } from '../../src/ledger/maintenance/analyze.js';
import type { NewTransaction } from '../../src/ledger/model/new-transaction.js';
import { STATUSES, type Transaction } from '../../src/ledger/model/transaction.js';
import { Cancellation } from '../../src/operations/submission/cancellation.service.js';
import { APP, draft } from '../support/drafts.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

const ANOTHER_APP = newUuid();

let place: TestDatabase;
let pool: Pool;
let database: Database;
let ledger: Ledger;
let reader: LedgerReader;

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 10);
  database = new Database(pool);
  ledger = new Ledger(database);
  reader = new LedgerReader(database);
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

/** Runs a statement with the role of the database's owner. */
async function administer(text: string): Promise<void> {
  const client = new Client({ connectionString: place.adminUrl });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

async function recorded(changes: Partial<NewTransaction> = {}): Promise<Transaction> {
  const row = draft(changes);
  expect(await ledger.record(row)).toMatchObject({ kind: 'recorded' });
  return found(row.id);
}

async function found(id: string): Promise<Transaction> {
  const transaction = await reader.find(id, null);
  if (!transaction) throw new Error('not there');
  return transaction;
}

const move = (to: Transaction['status'] | null, more: object = {}) => ({
  to,
  epoch: null,
  dueInMs: null,
  actor: 'test',
  evidence: 'answer' as const,
  eventId: newUuid(),
  ...more,
});

async function entriesOf(id: string): Promise<string[]> {
  const rows = await database.query<{ phase: string; amount: string }>(
    `select phase, amount::text from ledger_entries where transaction_id = $1 order by seq`,
    [id],
  );
  return rows.map((row) => `${row.phase} ${row.amount}`);
}

describe('recording a transaction', () => {
  it('writes the transaction with its event and its hold', async () => {
    const transaction = await recorded();
    expect(transaction).toMatchObject({ status: 'pending', quantity: 1000n, attempts: 1, attemptOpen: true, epoch: 1 });
    expect(await entriesOf(transaction.id)).toEqual(['hold 1000']);
    expect(await reader.events(transaction.id)).toMatchObject([{ from: null, to: 'pending', evidence: 'request' }]);
  });

  it('accepts exactly one of forty requests with the same key, and the others get its transaction', async () => {
    const rows = Array.from({ length: 40 }, () => draft({ idempotencyKey: 'the same key' }));
    const results = await Promise.all(rows.map((row) => ledger.record(row)));
    const winner = rows.find((_row, index) => results[index]?.kind === 'recorded');
    expect(results.filter((result) => result.kind === 'recorded')).toHaveLength(1);
    expect(
      results.filter((result) => result.kind === 'known' && result.by === 'key' && result.id === winner?.id),
    ).toHaveLength(39);
  });

  it('separates keys by app', async () => {
    await recorded({ idempotencyKey: 'shared' });
    await recorded({ idempotencyKey: 'shared', appId: ANOTHER_APP, referenceScope: ANOTHER_APP });
  });

  it('reports if a repeated key has the same request', async () => {
    await recorded({ idempotencyKey: 'k1', requestMac: Buffer.from('a') });
    expect(await ledger.record(draft({ idempotencyKey: 'k1', requestMac: Buffer.from('a') }))).toMatchObject({
      sameRequest: true,
    });
    expect(await ledger.record(draft({ idempotencyKey: 'k1', requestMac: Buffer.from('b') }))).toMatchObject({
      sameRequest: false,
    });
  });

  it('refuses a reference that any app has used in its scope', async () => {
    const first = await recorded({ reference: 'R', referenceScope: 'partner' });
    expect(await ledger.record(draft({ reference: 'R', referenceScope: 'partner', appId: ANOTHER_APP }))).toMatchObject(
      {
        kind: 'known',
        by: 'reference',
        id: first.id,
        appId: APP,
      },
    );
    await recorded({ reference: 'R', referenceScope: 'another partner' });
  });

  it('is not affected by the error of another row in the same batch', async () => {
    const bad = draft({ quantity: -5n });
    const rows = [draft(), bad, draft(), draft()];
    const results = await Promise.allSettled(rows.map((row) => ledger.record(row)));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(await reader.find(bad.id, null)).toBeNull();
  });

  it('answers for its own row after the answer of an earlier commit was lost', async () => {
    const row = draft();
    await ledger.record(row);
    expect(await ledger.record(row)).toMatchObject({ kind: 'recorded' });
  });

  describe('of duplicates', () => {
    const guarded = (changes: Partial<NewTransaction> = {}): NewTransaction =>
      draft({ duplicateMac: Buffer.from('same phone, product, amount'.padEnd(32)), ...changes });

    it('accepts one of many parallel keys, also through two writers', async () => {
      const another = new Ledger(database);
      const rows = Array.from({ length: 20 }, () => guarded());
      const results = await Promise.all(rows.map((row, index) => (index % 2 ? ledger : another).record(row)));
      expect(results.filter((result) => result.kind === 'recorded')).toHaveLength(1);
      expect(results.filter((result) => result.kind === 'known' && result.by === 'duplicate')).toHaveLength(19);
    });

    it('accepts a confirmed duplicate, and any request after the first has failed', async () => {
      const mac = Buffer.from('another'.padEnd(32));
      const first = await recorded({ duplicateMac: mac });
      expect(await ledger.record(draft({ duplicateMac: mac }))).toMatchObject({ by: 'duplicate', id: first.id });
      const second = await recorded({ duplicateMac: mac, allowDuplicate: true });
      await ledger.settle(first, move('failed'));
      expect(await ledger.record(draft({ duplicateMac: mac }))).toMatchObject({ by: 'duplicate', id: second.id });
      await ledger.settle(second, move('failed'));
      await recorded({ duplicateMac: mac });
    });
  });
});

describe('settling a transaction', () => {
  it('posts a success and releases a failure, once', async () => {
    const won = await recorded();
    expect(await ledger.settle(won, move('succeeded', { providerReference: 'TXN-1' }))).toMatchObject({ moved: true });
    expect(await ledger.settle(won, move('failed'))).toMatchObject({ moved: false });
    expect(await found(won.id)).toMatchObject({ status: 'succeeded', providerReference: 'TXN-1', dueAt: null });
    expect(await entriesOf(won.id)).toEqual(['hold 1000', 'post 1000']);
    const lost = await recorded();
    await ledger.settle(lost, move('failed'));
    expect(await entriesOf(lost.id)).toEqual(['hold 1000', 'release 1000']);
  });

  it('has exactly one winner among many simultaneous attempts', async () => {
    const transaction = await recorded();
    const another = new Ledger(database);
    const results = await Promise.all(
      Array.from({ length: 10 }, (_none, index) =>
        (index % 2 ? ledger : another).settle(transaction, move(index % 3 ? 'succeeded' : 'failed')),
      ),
    );
    expect(results.filter((result) => result.moved)).toHaveLength(1);
    expect(await entriesOf(transaction.id)).toHaveLength(2);
  });

  it('keeps the hold of an unknown transaction', async () => {
    const transaction = await recorded();
    await ledger.settle(transaction, move('unknown'));
    expect(await entriesOf(transaction.id)).toEqual(['hold 1000']);
  });

  it('is repeated after a deadlock', async () => {
    const transaction = await recorded();
    await administer(`create sequence undone; grant usage on sequence undone to public`);
    await administer(
      `create function undo_twice() returns trigger language plpgsql as $$ begin
         if nextval('undone') <= 2 then raise exception 'undone' using errcode = 'deadlock_detected'; end if;
         return new; end $$`,
    );
    await administer(
      `create trigger undo_twice before update on transactions for each row execute function undo_twice()`,
    );
    expect(await ledger.settle(transaction, move('succeeded'))).toMatchObject({ moved: true });
    await administer(`drop trigger undo_twice on transactions`);
    expect(await entriesOf(transaction.id)).toEqual(['hold 1000', 'post 1000']);
  });

  it('is refused after the lease is lost', async () => {
    const transaction = await recorded();
    expect(await ledger.settle(transaction, move('succeeded', { epoch: 0 }))).toMatchObject({ moved: false });
    expect(await ledger.settle(transaction, move('succeeded', { epoch: 1 }))).toMatchObject({ moved: true });
  });

  it('refuses an illegal status transition', async () => {
    const transaction = await recorded();
    await ledger.settle(transaction, move('failed'));
    await expect(ledger.settle(await found(transaction.id), move('succeeded'))).rejects.toThrow(
      'illegal status transition',
    );
    await expect(ledger.settle(transaction, move('scheduled'))).rejects.toThrow('illegal status transition');
  });

  it('can record evidence without a change of status', async () => {
    const transaction = await recorded();
    await ledger.settle(transaction, move(null, { dueInMs: 60_000, attemptNotSent: true }));
    expect(await found(transaction.id)).toMatchObject({
      status: 'pending',
      attempts: 0,
      attemptOpen: false,
      version: 2,
    });
    expect(await reader.events(transaction.id)).toMatchObject([{ to: 'pending' }, { from: 'pending', to: null }]);
  });
});

describe('claiming due transactions', () => {
  const claim = (maxRows = 100) => ledger.claimDue({ provider: 'claimed', maxRows, leaseMs: 60_000, actor: 'test' });

  it('gives each transaction to one claimer, and marks interrupted ones', async () => {
    const cutOff = await recorded({ provider: 'claimed', leaseMs: 0 });
    const queued = await recorded({ provider: 'claimed', leaseMs: null });
    const late = await recorded({ provider: 'claimed', leaseMs: null, expiresInMs: -1 });
    await recorded({ provider: 'claimed', leaseMs: 60_000 });
    const claims = (await Promise.all([claim(), claim(), claim()])).flat();
    const seen = new Map(claims.map((one) => [one.transaction.id, one]));
    expect(claims).toHaveLength(3);
    expect(seen.get(cutOff.id)).toMatchObject({
      interrupted: true,
      expired: false,
      transaction: { epoch: 2, attempts: 2 },
    });
    expect(seen.get(queued.id)).toMatchObject({
      interrupted: false,
      expired: false,
      transaction: { attempts: 1, attemptOpen: true },
    });
    expect(seen.get(late.id)).toMatchObject({
      interrupted: false,
      expired: true,
      transaction: { attempts: 0, attemptOpen: false },
    });
  });

  it('wins against a cancel that read before, and loses against a cancel written before', async () => {
    const cancellation = new Cancellation(ledger, reader);
    const taken = await recorded({ provider: 'claimed', leaseMs: null });
    expect(await claim()).toMatchObject([{ transaction: { id: taken.id } }]);
    await expect(cancellation.cancelUnsent(taken)).rejects.toMatchObject({ code: 'invalid_state' });
    expect(await found(taken.id)).toMatchObject({ status: 'pending', attemptOpen: true });
    const canceled = await recorded({ provider: 'claimed', leaseMs: null });
    expect(await cancellation.cancelUnsent(canceled)).toMatchObject({ status: 'canceled' });
    expect(await claim()).toHaveLength(0);
  });

  it('takes only expired transactions when nothing may be sent', async () => {
    await recorded({ provider: 'halted', leaseMs: null });
    const late = await recorded({ provider: 'halted', leaseMs: null, expiresInMs: -1 });
    const request = { provider: 'halted', maxRows: 10, leaseMs: 60_000, onlyExpired: true, actor: 'test' };
    expect(await ledger.claimDue(request)).toMatchObject([{ expired: true, transaction: { id: late.id } }]);
  });

  it('takes a held transaction at its time, not before', async () => {
    const held = await recorded({
      provider: 'claimed',
      status: 'scheduled',
      leaseMs: null,
      releaseAt: new Date(Date.now() + 2_000),
    });
    expect(await claim()).toHaveLength(0);
    await sleep(2_100);
    expect(await claim()).toMatchObject([
      { transaction: { id: held.id, status: 'pending', attemptOpen: true }, interrupted: false },
    ]);
    expect(await reader.events(held.id)).toMatchObject([{ to: 'scheduled' }, { from: 'scheduled', to: 'pending' }]);
  });
});

it('the ledger is analyzed when it has outgrown its statistics, so that no statement keeps reading all of it', async () => {
  const own = await createDatabase();
  const small = openPool(own, 1);
  const young = new Database(small);
  const plan = async (): Promise<string> => {
    const lookUp = `explain execute look_up('{${newUuid()}}')`;
    return JSON.stringify(await young.query(lookUp));
  };
  await young.query(`set plan_cache_mode = force_generic_plan`);
  await young.query(`prepare look_up (uuid[]) as select * from unnest($1) u join transactions t on t.id = u`);
  expect(await plan()).toContain('Seq Scan on transactions');
  await young.query(
    `insert into transactions (id, app_id, type, provider, status, detail)
     select gen_random_uuid(), gen_random_uuid(), 'topup', 'latcom', 'pending', '{}' from generate_series(1, 5000)`,
  );
  expect(await plan()).toContain('Seq Scan on transactions');
  await young.query(`select pg_stat_force_next_flush()`);
  expect(await analyzeOutgrown(young)).toEqual(['transactions']);
  expect(await plan()).not.toContain('Seq Scan on transactions');
  expect(await analyzeOutgrown(young)).toEqual([]);
  await small.end();
  await own.drop();
});

it('idempotency keys are freed after 30 days, not earlier, and references are kept', async () => {
  const old = `01900000-0000-7000-8000-${newUuid().slice(-12)}`;
  await recorded({ id: old, idempotencyKey: 'an old key', reference: 'an old reference' });
  const young = await recorded({ idempotencyKey: 'a young key' });
  const forget = (after: string): Promise<string[]> =>
    database.transaction((client) => forgetOldKeys(client, after, 100));
  expect(await forget('00000000-0000-0000-0000-000000000000')).toEqual([old]);
  expect(await forget(old)).toEqual([]);
  expect(await ledger.record(draft({ idempotencyKey: 'a young key' }))).toMatchObject({ by: 'key', id: young.id });
  expect(await ledger.record(draft({ idempotencyKey: 'an old key' }))).toMatchObject({ kind: 'recorded' });
  expect(await ledger.record(draft({ reference: 'an old reference' }))).toMatchObject({ by: 'reference', id: old });
});

describe('a written ledger row', () => {
  it.each(['transaction_events', 'ledger_entries', 'audit_log'])(
    'cannot be changed or deleted in %s',
    async (table) => {
      await recorded();
      // Even the owner cannot do it by mistake.
      for (const act of ['delete from', 'truncate']) {
        await expect(administer(`${act} ${table}`)).rejects.toThrow('append-only');
      }
    },
  );

  it('is one of entries that sum to zero in every unit', async () => {
    await ledger.settle(await recorded(), move('succeeded'));
    await recorded();
    const byUnit = new Map<string, bigint>();
    const balances = await readBalances(database, null, 'known');
    for (const { unit, held, posted } of balances) byUnit.set(unit, (byUnit.get(unit) ?? 0n) + held + posted);
    expect([...byUnit]).toEqual([['MXN', 0n]]);
    expect(balances.some((balance) => balance.posted !== 0n) && balances.some((balance) => balance.held !== 0n)).toBe(
      true,
    );
  });
});

it('a final status is never followed by another status', () => {
  for (const from of ['succeeded', 'failed', 'canceled'] as const) {
    expect(isFinal(from)).toBe(true);
    expect(STATUSES.filter((to) => isLegalTransition(from, to))).toEqual([]);
  }
});

describe('erasure of personal members', () => {
  const detail = { amount: 'ten', phoneNumber: '55••••86' };

  async function erasedDetail(type: string): Promise<unknown> {
    const transaction = await recorded({ type, detail });
    await ledger.settle(transaction, move('succeeded'));
    const members = { topup: ['phoneNumber'], transfer: ['amount'] };
    const ids = await database.transaction((client) => erasePersonal(client, [transaction.id], members));
    expect(ids).toEqual([transaction.id]);
    return (await found(transaction.id)).detail;
  }

  it.each([
    ['topup', { ...detail, phoneNumber: null }],
    ['transfer', { ...detail, amount: null }],
  ])('leaves members of a %s that are personal in another type', async (type, left) => {
    expect(await erasedDetail(type)).toEqual(left);
  });

  it('erases all members of a type that nothing is known about', async () => {
    expect(await erasedDetail('of a removed provider')).toEqual({ amount: null, phoneNumber: null });
  });
});
