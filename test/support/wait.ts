import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 100;

/** Repeats a query until its answer meets the condition. Fails with the last answer after the time limit. */
export async function eventually<T>(
  timeoutMs: number,
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
): Promise<T> {
  const giveUpAt = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > giveUpAt) throw new Error(`not so within ${timeoutMs} ms: ${JSON.stringify(answer)}`);
    await sleep(PAUSE_MS);
  }
}
