import fc from 'fast-check';
import type { Pool } from 'pg';
import { Database } from '../../src/database/database.js';
import { newUuid } from '../../src/common/ids.js';
import { Ledger } from '../../src/ledger/ledger.service.js';
import { LedgerReader } from '../../src/ledger/reads/ledger-reader.service.js';
import { MAX_PAUSE_MS, wholeMs } from '../../src/ledger/writes/whole-ms.js';
import { nextPollMs } from '../../src/providers/latam-pass/accruals/accrual.operation.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';
import { draft } from '../support/drafts.js';

let place: TestDatabase;
let pool: Pool;
let ledger: Ledger;
let reader: LedgerReader;

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 10);
  const database = new Database(pool);
  ledger = new Ledger(database);
  reader = new LedgerReader(database);
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

/** All numbers that a calculation can produce, including fractions and NaN. */
const anyNumber = fc.oneof(
  fc.double(),
  fc.double({ min: -1e6, max: 1e6 }),
  fc.constantFrom(NaN, Infinity, -Infinity, -0, 0.5, 32_000.123, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, 2 ** 63),
);

const anyBalance = fc.oneof(
  fc.double().map(String),
  fc.string(),
  fc.constantFrom('NaN', 'Infinity', '1e999999', '', '12,5', '1_000', '10.50', '-3', '9'.repeat(400)),
);

it('a pause is whole milliseconds from zero to a year, whatever the calculation gives', () => {
  fc.assert(
    fc.property(anyNumber, (ms) => {
      const whole = wholeMs(ms);
      expect(Number.isSafeInteger(whole) && whole >= 0 && whole <= MAX_PAUSE_MS).toBe(true);
      if (ms >= 0 && ms <= MAX_PAUSE_MS) expect(Math.abs(whole - ms)).toBeLessThanOrEqual(0.5);
    }),
  );
});

it('the next status query of an accrual of any age is due after whole milliseconds', () => {
  const started = (ageMs: number): { startedAt: Date } => ({ startedAt: new Date(Date.now() - ageMs) });
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.integer({ min: -10_000, max: 90 * 24 * 3_600_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (notified, ageMs, random) => {
        expect(Number.isSafeInteger(nextPollMs(notified, started(ageMs), () => random))).toBe(true);
      },
    ),
  );
});

it('no settlement fails because of a number or a character, and an open transaction always has a next time', async () => {
  const numbers = fc.record({ dueInMs: anyNumber, expectedInMs: anyNumber, balance: anyBalance, words: anyText() });
  await fc.assert(
    fc.asyncProperty(numbers, async ({ dueInMs, expectedInMs, balance, words }) => {
      const row = draft();
      expect(await ledger.record(row)).toMatchObject({ kind: 'recorded' });
      const recorded = await reader.find(row.id, null);
      if (!recorded) throw new Error('not there');
      const settled = await ledger.settle(recorded, {
        to: null,
        epoch: recorded.epoch,
        dueInMs,
        expectedInMs,
        reported: { balance, begunAt: new Date(), alone: true },
        detail: { words },
        providerReference: words,
        actor: 'test',
        evidence: 'answer',
        eventDetail: { words },
        eventId: newUuid(),
      });
      expect(settled.moved).toBe(true);
      const { dueAt } = (await reader.find(row.id, null)) ?? {};
      expect(dueAt?.getTime()).toBeGreaterThan(Date.now() - 60_000);
      expect(dueAt?.getTime()).toBeLessThan(Date.now() + MAX_PAUSE_MS + 60_000);
    }),
    { numRuns: 200 },
  );
}, 60_000);

it('no record fails because of the length of a pause', async () => {
  await fc.assert(
    fc.asyncProperty(anyNumber, anyNumber, anyNumber, async (leaseMs, expiresInMs, expectedInMs) => {
      expect(await ledger.record(draft({ leaseMs, expiresInMs, expectedInMs }))).toMatchObject({ kind: 'recorded' });
    }),
    { numRuns: 50 },
  );
}, 60_000);

/** Texts that a provider may send, with NUL, halves of surrogate pairs and backslashes. */
function anyText(): fc.Arbitrary<string> {
  return fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\0', 'a\ud800b', '\udc00', '\\u0000', '\\\0', '𠮷'));
}
