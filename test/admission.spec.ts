import { setTimeout as sleep } from 'node:timers/promises';
import { LoopLoad } from '../src/api/loop-load.js';
import { UnderWay } from '../src/api/under-way.js';
import { Patience } from '../src/ledger/patience.js';

async function during(ms: number, turn: () => unknown): Promise<void> {
  const endAt = performance.now() + ms;
  while (performance.now() < endAt) await turn();
}

it('the loop is full while it hardly waits, also before its long turn has ended, and not when it waits again', async () => {
  const loop = new LoopLoad();
  const resting = async (): Promise<void> => {
    loop.note();
    await sleep(20);
  };
  await during(300, resting);
  expect(loop.isFull).toBe(false);
  const endAt = performance.now() + 500;
  while (performance.now() < endAt) loop.note();
  expect(loop.isFull).toBe(true);
  await during(400, resting);
  expect(loop.isFull).toBe(false);
});

it('one long turn after a long rest does not count the rest', async () => {
  const loop = new LoopLoad();
  await sleep(1_000);
  const endAt = performance.now() + 300;
  while (performance.now() < endAt) loop.note();
  expect(loop.isFull).toBe(true);
});

it('what is under way is counted with its age, until it ends', () => {
  const underWay = new UnderWay();
  for (let atMs = 0; atMs < 10_000; atMs += 100) underWay.begin(atMs);
  expect(underWay.since(2_000, 10_000)).toBe(20);
  for (let atMs = 9_000; atMs < 9_500; atMs += 100) underWay.end(atMs);
  expect(underWay.since(2_000, 10_000)).toBe(15);
  expect(underWay.since(60_000, 10_000)).toBe(95);
  expect(underWay.since(2_000, 20_000)).toBe(0);
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
