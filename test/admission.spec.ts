import { setTimeout as sleep } from 'node:timers/promises';
import { Pace } from '../src/api/pace.js';
import { Patience } from '../src/ledger/patience.js';

const WINDOW_MS = 300;

it('the pace tells nothing before it is known, and then how long all that is under way will take', async () => {
  const pace = new Pace();
  for (let count = 0; count < 200; count += 1) pace.begin();
  expect(pace.expectedMs).toBe(0);
  await sleep(WINDOW_MS);
  // A hundred ended in at least that time: as many are left, and take at least as long.
  for (let count = 0; count < 100; count += 1) pace.end();
  expect(pace.underWay).toBe(100);
  expect(pace.expectedMs).toBeGreaterThanOrEqual(WINDOW_MS - 5);
  // Nothing ends any more.
  await sleep(WINDOW_MS);
  const before = pace.expectedMs;
  await sleep(WINDOW_MS);
  expect(pace.expectedMs).toBeGreaterThan(before);
});

it('a quiet moment begins anew: a burst after it is not measured by what was asked for before', async () => {
  const pace = new Pace();
  pace.begin();
  await sleep(WINDOW_MS);
  expect(pace.expectedMs).toBe(Infinity);
  pace.end();
  for (let count = 0; count < 1_000; count += 1) pace.begin();
  expect(pace.expectedMs).toBe(0);
});

it('patience ends when many wait and the first has waited long, and comes back when it is served', async () => {
  const patience = new Patience({ rows: 3, ms: 100 });
  const ends: (() => void)[] = [];
  const wait = (): Promise<void> => patience.during(new Promise<void>((resolve) => ends.push(resolve)));
  const first = wait();
  await sleep(150);
  expect(patience.isExhausted).toBe(false);
  const others = [wait(), wait()];
  expect(patience.isExhausted).toBe(true);
  ends[0]?.();
  await first;
  expect(patience.isExhausted).toBe(false);
  const failing = patience.during(Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  for (const end of ends) end();
  await Promise.all(others);
});
