import fc from 'fast-check';
import type { Pool } from 'pg';
import { Database } from '../../src/database/database.js';
import { Balances } from '../../src/funds/balances.service.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

/* The rate of a balance, observed from the cost of purchases. */

let place: TestDatabase;
let pool: Pool;
let balances: Balances;
let minute = 0;

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 2);
  balances = new Balances(new Database(pool));
});

beforeEach(async () => {
  await pool.query(`delete from provider_balances; delete from provider_floats; delete from transactions`);
  minute = 0;
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

async function value(text: string, values: unknown[] = []): Promise<unknown> {
  const { rows } = await pool.query<{ value: unknown }>(`select (${text}) as value`, values);
  return rows[0]?.value;
}

/**
 * Records a purchase with a reported balance and a rate, each one minute after the previous, all in the last 30
 * minutes.
 */
async function observed(rate: number, balance = 1000): Promise<void> {
  minute += 1;
  await pool.query(
    `insert into provider_balances (id, provider, at, begun_at, balance, source, unit_rate, rate_counts)
     select gen_random_uuid(), 'latcom', s.at, s.at - interval '1 s', $2, 'purchase', $3, weigh_rate('latcom', $3)
     from (select now() - interval '30 min' + $1 * interval '1 min' as at) s`,
    [minute, balance, rate],
  );
}

const rate = async (): Promise<number | null> => {
  const found = await value(`float_rate('latcom')`);
  return found === null ? null : Number(found);
};

async function after(...rates: number[]): Promise<number | null> {
  for (const one of rates) await observed(one);
  return rate();
}

describe('a learned exchange rate', () => {
  it('counts at once when it is the first', async () => {
    expect(await after(1700)).toBe(1700);
  });

  it('far from the usual one counts only when the next one agrees with it', async () => {
    expect(await after(1700, 1)).toBe(1700);
    expect(await after(1690)).toBe(1690);
    expect(await value(`select count(*)::int from provider_balances where not rate_counts`)).toBe(1);
  });

  it('counts together with the one that confirms it', async () => {
    expect(await after(1, 1700, 1710)).toBe(1700);
    expect(await value(`select count(*)::int from provider_balances where not rate_counts`)).toBe(0);
  });

  it('is not confirmed by another outlier at a different rate', async () => {
    expect(await after(1700, 1, 100_000, 2)).toBe(1700);
  });

  it('follows a market that moves', async () => {
    expect(await after(1700, 1750, 1800, 1850, 1900, 1950, 2000)).toBe(1850);
  });

  it('is never moved by a single observation', async () => {
    const usual = fc.array(fc.integer({ min: 1650, max: 1750 }), { minLength: 1, maxLength: 8 });
    const odd = fc.oneof(fc.integer({ min: 1, max: 1200 }), fc.integer({ min: 2400, max: 10 ** 9 }));
    await fc.assert(
      fc.asyncProperty(usual, odd, fc.nat(), async (rates, off, place) => {
        await pool.query(`delete from provider_balances`);
        minute = 0;
        const at = 1 + (place % rates.length);
        const found = await after(...rates.slice(0, at), off, ...rates.slice(at));
        expect(found).toBeGreaterThanOrEqual(1650);
        expect(found).toBeLessThanOrEqual(1750);
      }),
      { numRuns: 30 },
    );
  }, 30_000);
});

it.each([
  ['fell', '990', 100],
  ['stayed', '1000', null],
  ['rose', '1000.01', null],
  ['is reported as used up', '0', null],
  ['is reported as overdrawn', '-1', null],
])('the exchange rate is learned only when the purchase has a cost: the balance %s', async (_what, told, expected) => {
  await pool.query(
    `insert into provider_balances (id, provider, at, begun_at, balance, source)
     values (gen_random_uuid(), 'latcom', now() - interval '1 min', now() - interval '1 min', 1000, 'query')`,
  );
  const found = await value(`observed_rate($1::numeric, now(), 'latcom', gen_random_uuid(), 1000)`, [told]);
  expect(found === null ? null : Number(found)).toBe(expected);
});

describe('a balance from LATCOM', () => {
  const look = (balance: string): Promise<void> =>
    balances.observe({ provider: 'latcom', balance, currency: 'USD', transactionId: null, begunAt: new Date() });
  const before = (balance: number): Promise<unknown> =>
    pool.query(
      `insert into provider_balances (id, provider, at, begun_at, balance, source)
       values (gen_random_uuid(), 'latcom', now() - interval '1 h', now() - interval '1 h', $1, 'query')`,
      [balance],
    );

  it('refutes the rate of a purchase that reported too low a balance', async () => {
    await before(1234.56);
    await observed(0.81, 1);
    await look('1233.97');
    expect(await rate()).toBeNull();
  });

  it('refutes no rate after a deposit or after further spending', async () => {
    await before(1234.56);
    await observed(1700, 1233.97);
    await look('1200.00');
    expect(await rate()).toBe(1700);
    await look('5000.00');
    expect(await rate()).toBe(1700);
  });

  it('that may be older than the purchase refutes no rate', async () => {
    await before(1234.56);
    await observed(1700, 1233.97);
    const begunAt = new Date(Date.now() - 45 * 60_000);
    await balances.observe({ provider: 'latcom', balance: '1234.56', currency: null, transactionId: null, begunAt });
    expect(await rate()).toBe(1700);
  });
});

describe('a purchase beyond the balance at the known rate', () => {
  const probes = (purchase: string, amount = 1000): Promise<unknown> =>
    value(`claim_probe('latcom', 0.95, $1, $2)`, [amount, purchase]);
  const ONE = '019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11';
  const OTHER = '019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a12';
  const fresh = (balance: number, ago = '1 s'): Promise<unknown> =>
    pool.query(
      `insert into provider_balances (id, provider, at, begun_at, balance, source)
       values (gen_random_uuid(), 'latcom', now() - $2::interval, now() - $2::interval, $1, 'query')`,
      [balance, ago],
    );

  it('is sent as a probe, one at a time, when the rate was seen only once', async () => {
    await observed(0.8);
    await fresh(1233.97);
    expect(await probes(ONE)).toBe(true);
    // The same purchase may probe again: it was not sent yet.
    expect(await probes(ONE)).toBe(true);
    expect(await probes(OTHER)).toBe(false);
    await pool.query(`update provider_floats set probed_at = now() - interval '31 s'`);
    expect(await probes(OTHER)).toBe(true);
  });

  it('is sent when other purchases confirm the rate after half an hour', async () => {
    await after(0.8, 0.8);
    await fresh(1233.97);
    expect(await probes(ONE)).toBe(true);
    await pool.query(`update provider_floats set probed_at = now() - interval '29 min'`);
    expect(await probes(OTHER)).toBe(false);
    await pool.query(`update provider_floats set probed_at = now() - interval '31 min'`);
    expect(await probes(OTHER)).toBe(true);
  });

  it('is not sent as a probe when the balance covers it, or is old, used up or reported as used up', async () => {
    await observed(1700);
    await fresh(10, '11 min');
    expect(await probes(ONE, 100_000)).toBe(false);
    await fresh(10);
    expect(await probes(ONE, 10_000)).toBe(false);
    await pool.query(`insert into provider_floats (provider, emptied_at) values ('latcom', now())`);
    expect(await probes(ONE, 100_000)).toBe(false);
    await fresh(0, '0 s');
    expect(await probes(ONE, 100_000)).toBe(false);
  });

  it('is one in the whole fleet when many ask at the same time', async () => {
    await observed(0.8);
    await fresh(1233.97);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_none, n) => probes(`019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a${String(n + 30)}`)),
    );
    expect(answers.filter((answer) => answer === true)).toHaveLength(1);
  });
});
