import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { Database } from '../../src/database/database.js';
import { newUuid } from '../../src/common/ids.js';
import { Ledger } from '../../src/ledger/ledger.service.js';
import { LedgerReader } from '../../src/ledger/reads/ledger-reader.service.js';
import { settle } from '../../src/ledger/writes/settle.js';
import type { SettleRow } from '../../src/ledger/writes/settlement.js';
import type { Transaction } from '../../src/ledger/model/transaction.js';
import {
  afterError,
  afterInterruption,
  afterLostClaim,
  afterNeverSent,
  type Transition,
} from '../../src/operations/execution/outcome-policy.js';
import { ProviderError, type OperationHandler } from '../../src/connector/connector.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';
import { draft } from '../support/drafts.js';

const HANDLER: OperationHandler = {
  type: 'topup',
  repeatable: false,
  deadlineMs: 1_000,
  retry: { baseMs: 1_000, capMs: 900_000, giveUpAfterMs: 3_600_000 },
  waitingFor: 'Waiting.',
  send: () => Promise.reject(new Error('not called')),
};

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

/** A transaction after a record whose commit was not confirmed. Its lease ends at once. */
async function recorded(expiresInMs: number | null = null): Promise<Transaction> {
  const row = draft({ leaseMs: 0, expiresInMs });
  await ledger.record(row);
  return read(row.id);
}

async function read(id: string): Promise<Transaction> {
  const found = await reader.find(id, null);
  if (!found) throw new Error('not there');
  return found;
}

async function write(transaction: Transaction, verdict: Transition): Promise<Transaction> {
  const { epoch } = transaction;
  await ledger.settle(transaction, { ...verdict, epoch, actor: 'test', eventId: newUuid() });
  return read(transaction.id);
}

/** Claims the transaction like another instance that finds it due. */
async function takenUp({ id }: Transaction): Promise<{ transaction: Transaction; interrupted: boolean }> {
  const claims = await ledger.claimDue({ provider: 'latcom', maxRows: 100, leaseMs: 60_000, actor: 'test' });
  const claim = claims.find(({ transaction }) => transaction.id === id);
  if (!claim) throw new Error('not taken up');
  return claim;
}

describe('a transaction whose record was confirmed too late and that was never sent', () => {
  it('returns to the queue while its attempt is the only one on record', async () => {
    const first = await recorded();
    const back = await write(first, afterNeverSent(HANDLER, first) ?? fail());
    expect(back).toMatchObject({ status: 'pending', attempts: 0, attemptOpen: false });
  });

  it.each([
    ['before its expiry', null],
    ['after its expiry', 0],
  ])('fails after another instance found it interrupted %s and called it unknown', async (_, expiresInMs) => {
    const { transaction, interrupted } = await takenUp(await recorded(expiresInMs));
    expect(interrupted).toBe(true);
    const unknown = await write(transaction, afterInterruption(HANDLER));
    expect(unknown.status).toBe('unknown');
    expect(afterNeverSent(HANDLER, unknown)).toMatchObject({ to: 'failed', evidence: 'not sent' });
  });

  it('stays unknown when it returned to the queue, was sent by another instance, and got no answer', async () => {
    const first = await recorded();
    await write(first, afterNeverSent(HANDLER, first) ?? fail());
    const { transaction, interrupted } = await takenUp(first);
    expect(interrupted).toBe(false);
    const silence = new ProviderError('doubtful', 'timeout');
    const unknown = await write(transaction, afterError(HANDLER, transaction, silence, new Date()));
    expect(unknown.status).toBe('unknown');
    expect(afterNeverSent(HANDLER, unknown)).toBeNull();
  });
});

describe('a claim whose answer was lost and that sent nothing', () => {
  /** A transaction after a claim. Its lease ends at once. */
  async function claimed(): Promise<{ transaction: Transaction; claimId: string }> {
    const row = draft({ leaseMs: null });
    await ledger.record(row);
    const claim = await ledger.claimOne(await read(row.id), { leaseMs: 0, actor: 'test' });
    const { rows } = await pool.query<{ id: string }>(`select claim_id as id from transactions where id = $1`, [
      row.id,
    ]);
    if (!claim || !rows[0]) throw new Error('not claimed');
    return { transaction: claim.transaction, claimId: rows[0].id };
  }

  async function verdictOn(claimId: string, handler = HANDLER): Promise<Transition | null> {
    const [found] = await reader.claimed([claimId]);
    return found ? afterLostClaim(handler, found) : null;
  }

  it('returns its attempt once', async () => {
    const { transaction, claimId } = await claimed();
    const back = await write(transaction, (await verdictOn(claimId)) ?? fail());
    expect(back).toMatchObject({ status: 'pending', attempts: 0, attemptOpen: false });
    expect(await reader.claimed([claimId])).toEqual([]);
  });

  it('changes nothing while another instance treats it as interrupted', async () => {
    const { transaction, claimId } = await claimed();
    expect((await takenUp(transaction)).interrupted).toBe(true);
    expect(await reader.claimed([claimId])).toMatchObject([{ claimEpoch: 1, transaction: { epoch: 2 } }]);
    expect(await verdictOn(claimId)).toBeNull();
  });

  it('fails its transaction after another instance found it interrupted and called it unknown', async () => {
    const { transaction, claimId } = await claimed();
    const unknown = await write((await takenUp(transaction)).transaction, afterInterruption(HANDLER));
    expect(unknown.status).toBe('unknown');
    expect(await verdictOn(claimId, { ...HANDLER, repeatable: true })).toBeNull();
    const failed = await write(unknown, (await verdictOn(claimId)) ?? fail());
    expect(failed).toMatchObject({ status: 'failed', failure: { code: 'not_sent_in_time' } });
  });

  it('is not found after it was returned and another claim has sent the transaction', async () => {
    const { transaction, claimId } = await claimed();
    await write(transaction, (await verdictOn(claimId)) ?? fail());
    const again = await takenUp(transaction);
    expect(await reader.claimed([claimId])).toEqual([]);
    const silence = new ProviderError('doubtful', 'timeout');
    await write(again.transaction, afterError(HANDLER, again.transaction, silence, new Date()));
    expect(await reader.claimed([claimId])).toEqual([]);
  });

  it('is not found when its attempt was sent without an answer', async () => {
    const { transaction, claimId } = await claimed();
    const silence = new ProviderError('doubtful', 'timeout');
    const unknown = await write(transaction, afterError(HANDLER, transaction, silence, new Date()));
    expect(unknown.status).toBe('unknown');
    expect(await reader.claimed([claimId])).toEqual([]);
  });

  it('has no attempt that began before it', async () => {
    const first = await recorded();
    await takenUp(first);
    const { rows } = await pool.query(`select claim_id, claim_epoch from transactions where id = $1`, [first.id]);
    expect(rows).toEqual([{ claim_id: null, claim_epoch: null }]);
  });
});

function fail(): never {
  throw new Error('there is no verdict');
}

describe('a settlement repeated because the answer to its commit was lost', () => {
  const rowOf = ({ id, appId, epoch }: Transaction): SettleRow => ({
    id,
    appId,
    epoch,
    from: 'pending',
    to: null,
    attemptNotSent: true,
    dueInMs: 60_000,
    actor: 'test',
    evidence: 'not sent',
    eventId: newUuid(),
    accounts: null,
    quantity: null,
  });

  it('counts once, even without a change of status', async () => {
    const [done, open] = [await recorded(), await recorded()];
    const [doneRow, openRow] = [rowOf(done), rowOf(open)];
    await settle(database, [doneRow], false);
    const again = await settle(database, [doneRow, openRow], true);
    expect(again).toMatchObject([
      { moved: true, version: 2 },
      { moved: true, version: 2 },
    ]);
    for (const { id } of [done, open]) {
      expect(await read(id)).toMatchObject({ attempts: 0, version: 2 });
      expect(await reader.events(id)).toHaveLength(2);
    }
  });

  it('waits for an earlier try that is still under way', async () => {
    const transaction = await recorded();
    const row = rowOf(transaction);
    const earlier = await pool.connect();
    await earlier.query('begin');
    await earlier.query(`update transactions set version = 2, attempts = 0, attempt_open = false where id = $1`, [
      row.id,
    ]);
    await earlier.query(
      `insert into transaction_events (id, transaction_id, app_id, seq, actor, evidence) values ($1, $2, $3, 2, 'test', 'x')`,
      [row.eventId, row.id, row.appId],
    );
    const again = settle(database, [row], true);
    await sleep(200);
    await earlier.query('commit');
    earlier.release();
    expect(await again).toMatchObject([{ moved: true, version: 2 }]);
    expect(await read(row.id)).toMatchObject({ attempts: 0, version: 2 });
  });
});
