import { at, textAt } from '../../support/http.js';
import { bareId } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { startGateway } from '../../support/gateway.js';
import { sql, withClient } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { startWebhookReceiver } from '../../support/webhook-receiver.js';
import { accrual, startWorld, type World } from '../../support/world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

/** An accrual that LATAM Pass has accepted and does not finish within the test. */
async function accepted(): Promise<string> {
  const member = { ffn: MAGIC.latamPass.finalAfterOneMinute };
  const made = await world.call('POST', '/v1/accruals', accrual({ member }), { prefer: 'wait=1' });
  expect(textAt(made.body, 'status')).toBe('processing');
  return textAt(made.body, 'id');
}

const ageOf = (id: string, days: number): string => {
  const ms = Date.now() - days * 86_400_000;
  return bareId(id).replace(/^.{13}/, ms.toString(16).padStart(12, '0').replace(/^.{8}/, '$&-'));
};

/** Makes the transaction as old as if it had been created and accepted that many days ago. Returns its new id. */
async function age(id: string, { created, accepted: taken }: { created: number; accepted: number }): Promise<string> {
  const old = ageOf(id, created);
  await withClient(world.database.adminUrl, async (client) => {
    // One transaction, without the triggers that keep rows append-only.
    await client.query(`begin; set local session_replication_role = replica`);
    const ids = [bareId(id), old];
    await client.query(`update transactions set id = $2, due_at = null where id = $1`, ids);
    await client.query(`update ledger_entries set transaction_id = $2 where transaction_id = $1`, ids);
    const events = `update transaction_events set transaction_id = $2, at = now() - $3 * interval '1 day'
      where transaction_id = $1`;
    await client.query(events, [...ids, taken]);
    await client.query('commit');
  });
  return old;
}

const noted = (id: string): Promise<number> =>
  sql(world, `select 1 as one from transaction_events where transaction_id = $1 and evidence = 'overdue'`, [id]).then(
    ({ length }) => length,
  );

it('a transaction that was accepted a week ago is noted once, by two instances too, and its app receives the event', async () => {
  const receiver = await startWebhookReceiver();
  const types = ['transaction.overdue'];
  await world.call('POST', '/v1/webhook-endpoints', { url: receiver.url, types });
  const ids = await Promise.all([accepted(), accepted(), accepted()]);
  const [late, later, released] = ids;
  const second = await startGateway({ databaseUrl: world.database.url, env: world.env });
  const old = await Promise.all([
    age(late, { created: 8, accepted: 7.1 }),
    age(later, { created: 30, accepted: 29 }),
    // It was held for a month, and accepted six days ago.
    age(released, { created: 36, accepted: 6 }),
  ]);
  const [first] = old;
  await eventually(
    25_000,
    () => Promise.resolve(receiver.received),
    (all) => all.length >= 2,
  );
  // Another run of both instances.
  await world.crash();
  await new Promise((resolve) => setTimeout(resolve, 11_000));
  expect(await Promise.all(old.map(noted))).toEqual([1, 1, 0]);
  expect(receiver.received).toHaveLength(2);
  await second.stop();
  receiver.close();
  const { body: event } = receiver.received[0] ?? {};
  expect(JSON.parse(event ?? '')).toMatchObject({
    type: 'transaction.overdue',
    data: { status: 'processing', previousStatus: 'processing', final: false, basis: 'schedule' },
  });
  const { body: timeline } = await world.call('GET', `/v1/transactions/txn_${first}/events`);
  expect(JSON.stringify(timeline)).toContain('overdue');
  const { body: feed } = await world.call('GET', '/v1/events?types=transaction.overdue');
  expect(at(feed, 'data', 1, 'type')).toBe('transaction.overdue');
}, 120_000);
