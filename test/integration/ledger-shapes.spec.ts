import type { Pool } from 'pg';
import { newUuid } from '../../src/common/ids.js';
import { Database } from '../../src/database/database.js';
import { Ledger } from '../../src/ledger/ledger.service.js';
import type { NewTransaction } from '../../src/ledger/model/new-transaction.js';
import type { Transaction } from '../../src/ledger/model/transaction.js';
import { LedgerReader } from '../../src/ledger/reads/ledger-reader.service.js';
import { asRecorded } from '../../src/ledger/writes/recorded.js';
import { asSettled } from '../../src/ledger/writes/settled.js';
import type { Settlement } from '../../src/ledger/writes/settlement.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';
import { draft } from '../support/drafts.js';

/** Callers of the ledger use the returned transaction without reading it again, so it must equal the stored row. */

let place: TestDatabase;
let pool: Pool;
let ledger: Ledger;
let reader: LedgerReader;

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 4);
  const database = new Database(pool);
  ledger = new Ledger(database);
  reader = new LedgerReader(database);
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

async function record(changes: Partial<NewTransaction>): Promise<Transaction> {
  const row = draft(changes);
  const result = await ledger.record(row);
  if (result.kind !== 'recorded') throw new Error(`not recorded: ${result.kind}`);
  return asRecorded(row, result.createdAt);
}

function read({ id, appId }: Transaction): Promise<Transaction> {
  return reader.require({ id, appId });
}

const HOUR_MS = 3_600_000;

it.each<[string, () => Partial<NewTransaction>]>([
  ['with a lease', () => ({ leaseMs: 1_000, expectedInMs: 5_000, expiresInMs: HOUR_MS })],
  ['queued', () => ({ leaseMs: null, expectedInMs: 5_000 })],
  ['held', () => ({ status: 'scheduled', leaseMs: null, releaseAt: new Date(Date.now() + HOUR_MS) })],
  ['without a quantity', () => ({ quantity: null, unit: null, reference: null, metadata: { shop: 'A' } })],
  [
    'that creates a resource',
    () => {
      const id = newUuid();
      return { resourceId: id, resource: { id, kind: 'pass', status: 'issuing', detail: { plan: 'A' }, sealed: null } };
    },
  ],
])('a transaction %s is returned as it was recorded', async (_title, changes) => {
  const returned = await record(changes());
  expect(returned).toEqual({ ...(await read(returned)), dueAt: null });
});

const FAILURE = {
  code: 'declined',
  message: 'Declined.',
  instructions: null,
  category: 'provider',
  provider: { code: '12', message: 'no' },
  retryable: false,
} as const;

it.each<[string, Pick<Settlement, 'to' | 'dueInMs'> & Partial<Settlement>]>([
  ['an acceptance', { to: 'processing', dueInMs: 1_000, expectedInMs: 60_000, correlationId: 'c-1' }],
  ['a success', { to: 'succeeded', dueInMs: null, providerReference: 'p-1', detail: { authorization: '1' } }],
  ['a decline', { to: 'failed', dueInMs: null, failure: FAILURE }],
  ['doubt', { to: 'unknown', dueInMs: null }],
  ['a call that was not sent', { to: null, dueInMs: 500, expectedInMs: 500, attemptNotSent: true }],
  ['a retry that is due at once', { to: null, dueInMs: 0, expectedInMs: 0, attemptNotSent: true }],
  ['a failure to deliver', { to: null, dueInMs: null, parked: true, attemptNotSent: true }],
])('after %s a transaction is returned as it was settled', async (title, outcome) => {
  const transaction = await record({ leaseMs: 60_000, expectedInMs: 5_000 });
  const settlement = {
    ...outcome,
    epoch: transaction.epoch,
    actor: title,
    evidence: 'answer' as const,
    eventId: newUuid(),
  };
  const settled = await ledger.settle(transaction, settlement);
  const { expectedBy, ...returned } = asSettled(transaction, settlement, settled);
  const { expectedBy: writtenExpectedBy, ...row } = await read(transaction);
  expect(returned).toEqual({ ...row, dueAt: null });
  // The row's time is from the write, that of the returned transaction from the beginning of the commit.
  const differenceMs = (writtenExpectedBy?.getTime() ?? 0) - (expectedBy?.getTime() ?? 0);
  expect(differenceMs).toBeGreaterThanOrEqual(0);
  expect(differenceMs).toBeLessThan(2_000);
});
