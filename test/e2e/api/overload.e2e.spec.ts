import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { at, basicAuth } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { sql } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { accrual, startWorld, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld({ gateway: { RATE_LIMIT_PER_MINUTE: '100000' } });
}, 60_000);

const REFERENCE = unique('flood');

async function order(index: number): Promise<{ status: number; retryAfter: string | null; code: unknown }> {
  const answer = await fetch(`${world.gateway().url}/v1/accruals`, {
    method: 'POST',
    headers: {
      authorization: basicAuth(world.partner),
      'content-type': 'application/json',
      'idempotency-key': `${REFERENCE}-${index}`,
      prefer: 'wait=0',
    },
    body: JSON.stringify(accrual({ reference: `${REFERENCE}-${index}` })),
  });
  const body: unknown = await answer.json();
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), code: at(body, 'code') };
}

it('while the ledger cannot keep up, new requests are refused before anything is recorded, and others are served', async () => {
  // Locks the ledger for less than the statement timeout, to simulate a disk that hangs.
  const lock = new Client({ connectionString: world.database.adminUrl });
  await lock.connect();
  await lock.query('begin; lock table transactions in exclusive mode');
  const giveUpAt = Date.now() + 4_000;
  const orders = Array.from({ length: 600 }, (_none, index) => order(index));
  const seen = { isRefused: false };
  void Promise.any(orders.map(async (one) => expect((await one).status).toBe(503))).then(
    () => (seen.isRefused = true),
    () => undefined,
  );
  for (let index = 1_000; !seen.isRefused && Date.now() < giveUpAt; index += 1) {
    const one = order(index);
    orders.push(one);
    await Promise.race([one, sleep(100)]);
    void one.then(({ status }) => (seen.isRefused ||= status === 503));
  }
  await lock.query('commit');
  await lock.end();
  const answers = await Promise.all(orders);
  const refused = answers.filter(({ status }) => status === 503);
  const accepted = answers.filter(({ status }) => status === 202 || status === 201);
  expect(refused.length + accepted.length).toBe(answers.length);
  expect(refused).not.toEqual([]);
  expect(accepted).not.toEqual([]);
  expect(refused.every(({ code, retryAfter }) => code === 'overloaded' && Number(retryAfter) >= 1)).toBe(true);
  const recorded = await sql(world, `select reference from transactions where reference like $1`, [`${REFERENCE}-%`]);
  expect(recorded).toHaveLength(accepted.length);
  // The overload ends at once.
  expect((await order(2_000)).status).toBeLessThan(300);
  await eventually(
    30_000,
    () => sql(world, `select from transactions where reference like $1 and status <> 'succeeded'`, [`${REFERENCE}-%`]),
    (open) => open.length === 0,
  );
}, 60_000);
