import { Client } from 'pg';
import { at, textAt } from './http.js';
import { eventually, type World } from './world.js';
import type { SandboxRecord } from './sandbox.js';

/** The id that LATAM Pass gets: a transaction's bare UUID. */
export function bareId(transactionId: string): string {
  return transactionId.slice('txn_'.length);
}

/** What LATAM Pass really did with an accrual, oldest first. */
export async function accrualEffects(world: World, transactionId: string): Promise<SandboxRecord[]> {
  const effects = await world.sandbox.effects('latam-pass');
  return effects.filter((effect) => effect['kind'] === 'accrual' && effect['key'] === bareId(transactionId));
}

/** The bodies of all submissions that carry one reference, as they came over the wire. */
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

/** The accrual once it has one of these states. */
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

/** Runs one statement in the gateway's database. */
export async function sql(world: World, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: world.database.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** The value of one series in `/metrics`; 0 when it is not there. */
export async function metric(world: World, series: string): Promise<number> {
  const text = String((await world.gateway().request('GET', '/metrics')).body);
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length) ?? 0);
}
