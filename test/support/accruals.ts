import { at, textAt } from './http.js';
import { bareId } from './ids.js';
import { eventually } from './wait.js';
import { type World } from './world.js';
import type { SandboxRecord } from './sandbox.js';

/** The effects of an accrual that the simulated LATAM Pass executed, oldest first. */
export async function accrualEffects(world: World, transactionId: string): Promise<SandboxRecord[]> {
  const effects = await world.sandbox.effects('latam-pass');
  return effects.filter((effect) => effect['kind'] === 'accrual' && effect['key'] === bareId(transactionId));
}

/** The bodies of all submissions with one reference, byte for byte. */
export async function sentBodies(world: World, reference: string): Promise<string[]> {
  const calls = await world.sandbox.calls('latam-pass');
  return calls
    .filter((call) => call['operation'] === 'accrual')
    .map((call) => textAt(call, 'body'))
    .filter((body) => at(JSON.parse(body), 'partner', 'partnerTransactionId') === reference);
}

export async function transactionEvents(world: World, transactionId: string): Promise<unknown[]> {
  const data: unknown = at((await world.call('GET', `/v1/transactions/${transactionId}/events`)).body, 'data');
  if (!Array.isArray(data)) throw new Error('no events');
  return data.map((event: unknown) => event);
}

/** Waits until the accrual has one of these statuses, and returns it. */
export async function accrualOnce(
  world: World,
  transactionId: string,
  statuses: readonly string[],
  timeoutMs: number,
): Promise<unknown> {
  const answer = await eventually(
    timeoutMs,
    () => world.call('GET', `/v1/accruals/${transactionId}`),
    (one) => statuses.includes(String(at(one.body, 'status'))),
  );
  return answer.body;
}
