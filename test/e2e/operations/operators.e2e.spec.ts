import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startGateway, type Gateway } from '../../support/gateway.js';
import { at, textAt, type Answer, type Credentials } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { eventually } from '../../support/wait.js';
import { startWorld, topup, type World } from '../../support/world.js';

let world: World;
let strict: Gateway;

beforeAll(async () => {
  world = await startWorld();
  strict = await startGateway({
    databaseUrl: world.database.url,
    env: { ...world.env, REQUIRE_SECOND_OPERATOR: 'true' },
  });
}, 60_000);

async function operator(role: string): Promise<Credentials> {
  const username = unique(role);
  const password = 'a-password-of-an-operator';
  expect((await world.admin('POST', '/v1/admin/operators', { username, password, role })).status).toBe(201);
  return { username, password };
}

async function unknownTopup(): Promise<string> {
  const answer = await world.call('POST', '/v1/topups', topup({ phoneNumber: MAGIC.latcom.executedAnswerLost }), {
    prefer: 'wait=15',
  });
  expect(at(answer.body, 'status')).toBe('unknown');
  return `/v1/admin/transactions/${textAt(answer.body, 'id')}`;
}

const RESOLUTION = {
  outcome: 'failed',
  evidence: 'statement without the line, and their mail',
  reason: 'not delivered',
};

describe('with REQUIRE_SECOND_OPERATOR', () => {
  const ask = (path: string, auth: Credentials, body?: object): Promise<Answer> =>
    strict.request('POST', path, { auth, ...(body && { body }) });

  it('a resolution is a proposal until another operator approves it', async () => {
    const [first, second] = [await operator('operator'), await operator('operator')];
    const path = await unknownTopup();
    expect((await world.admin('GET', path)).body).toMatchObject({ proposal: null });
    const proposed = await ask(`${path}/resolve`, first, RESOLUTION);
    expect([proposed.status, at(proposed.body, 'status')]).toEqual([202, 'unknown']);
    // The approving operator must see the proposal.
    const seen = await strict.request('GET', path, { auth: second });
    expect(at(seen.body, 'proposal')).toEqual({
      ...RESOLUTION,
      proposedBy: `operator:${first.username}`,
      proposedAt: expect.any(String),
    });
    expect((await ask(`${path}/resolve`, second, RESOLUTION)).body).toMatchObject({ code: 'invalid_state' });
    expect((await ask(`${path}/approve`, first)).body).toMatchObject({ status: 403, code: 'forbidden' });
    const approved = await ask(`${path}/approve`, second);
    expect(approved.body).toMatchObject({
      status: 'failed',
      failure: { code: 'resolved_by_operator', category: 'operator' },
    });
    const events = await world.admin('GET', `${path}/events`);
    expect(at(events.body, 'data', 2, 'actor')).toBe(`operator:${first.username}, operator:${second.username}`);
    expect((await ask(`${path}/approve`, second)).body).toMatchObject({ code: 'invalid_state' });
  });

  it('a proposal can be rejected and followed by another', async () => {
    const [first, second] = [await operator('operator'), await operator('operator')];
    const path = await unknownTopup();
    await ask(`${path}/resolve`, first, RESOLUTION);
    expect((await ask(`${path}/reject`, second)).body).toMatchObject({ status: 'unknown' });
    expect((await ask(`${path}/approve`, second)).body).toMatchObject({ code: 'invalid_state' });
    expect((await ask(`${path}/resolve`, second, { ...RESOLUTION, outcome: 'succeeded' })).status).toBe(202);
    expect((await ask(`${path}/approve`, first)).body).toMatchObject({ status: 'succeeded' });
  });

  it('of a simultaneous approval and rejection one counts, and the other gets a conflict', async () => {
    const [first, second] = [await operator('operator'), await operator('operator')];
    const path = await unknownTopup();
    await ask(`${path}/resolve`, first, RESOLUTION);
    const id = path.split('/').at(-1)?.slice('txn_'.length);
    const client = new Client({ connectionString: world.database.url });
    await client.connect();
    await client.query('begin');
    await client.query(`update resolution_proposals set decision = 'rejected' where transaction_id = $1`, [id]);
    const approving = ask(`${path}/approve`, second);
    await sleep(500);
    await client.query('commit');
    await client.end();
    expect((await approving).body).toMatchObject({ status: 409, code: 'invalid_state' });
    expect((await world.admin('GET', path)).body).toMatchObject({ status: 'unknown', proposal: null });
  });
});

it('a viewer can read transactions but not change them', async () => {
  const auth = await operator('viewer');
  const path = await unknownTopup();
  expect((await strict.request('GET', path, { auth })).status).toBe(200);
  for (const act of ['resolve', 'retry', 'refresh', 'approve', 'reject']) {
    expect((await strict.request('POST', `${path}/${act}`, { auth, body: RESOLUTION })).status).toBe(403);
  }
  expect((await strict.request('GET', `${path}?expand=personal`, { auth })).body).toMatchObject({ code: 'forbidden' });
});

it('operators can read personal data, and the audit log has each access', async () => {
  const auth = await operator('operator');
  const path = await unknownTopup();
  expect(at((await strict.request('GET', path, { auth })).body, 'topup', 'phoneNumber')).toBe('******9602');
  const clear = await strict.request('GET', `${path}?expand=personal`, { auth });
  expect(at(clear.body, 'topup', 'phoneNumber')).toBe(MAGIC.latcom.executedAnswerLost);
  const log = await world.admin('GET', '/v1/admin/audit-log?limit=5');
  expect(at(log.body, 'data', 0)).toMatchObject({
    actor: `operator:${auth.username}`,
    action: 'transaction.read_personal',
    target: path.split('/').at(-1),
  });
});

describe('notifications', () => {
  const CORRELATION = 'f050f11e-b05b-499d-ae13-154efc091ef4';
  const notify = (body: unknown): Promise<Answer> =>
    world.gateway().request('POST', '/v1/providers/latam-pass/notifications', { auth: world.notifier, body });

  it('are kept when they cannot be matched or read', async () => {
    const orphan = {
      nonAirAccrual: { ffn: '01234567890', status: 'PROCESSED' },
      trace: { correlationId: CORRELATION },
    };
    expect(await notify(orphan)).toMatchObject({ status: 200, body: { received: true } });
    expect(await notify('{"nonAirAccrual":')).toMatchObject({ status: 200, body: { received: true } });
    const list = (state: string, more = ''): Promise<Answer> =>
      world.admin('GET', `/v1/admin/notifications?state=${state}${more}`);
    const orphans = await eventually(
      5_000,
      () => list('orphan'),
      (answer) => at(answer.body, 'data', 0) !== undefined,
    );
    expect(at(orphans.body, 'data', 0)).toMatchObject({
      provider: 'latam-pass',
      correlationId: CORRELATION,
      transactionId: null,
    });
    expect(JSON.stringify(orphans.body)).not.toContain('01234567890');
    const raw = await list('unreadable', '&expand=personal');
    expect(at(raw.body, 'data', 0, 'raw')).toBe('{"nonAirAccrual":');
    const replayed = await world.admin(
      'POST',
      `/v1/admin/notifications/${textAt(orphans.body, 'data', 0, 'id')}/replay`,
    );
    expect(replayed).toMatchObject({ status: 200, body: { state: 'orphan' } });
    expect((await world.admin('POST', '/v1/admin/notifications/ntf_x/replay')).status).toBe(404);
  });

  it('are answered only after they have been stored', async () => {
    const client = new Client({ connectionString: world.database.url });
    await client.connect();
    // The lock prevents writes to the table, so a 200 during it would be a notification that is not stored.
    await client.query('begin');
    await client.query('lock table notifications in exclusive mode');
    let isAnswered = false;
    const answering = notify({ trace: { correlationId: CORRELATION } }).then((answer) => {
      isAnswered = true;
      return answer;
    });
    await sleep(700);
    expect(isAnswered).toBe(false);
    await client.query('rollback');
    expect((await answering).status).toBe(200);
    await client.end();
  });

  it('are refused from other callers', async () => {
    const path = '/v1/providers/latam-pass/notifications';
    for (const auth of [world.partner, { username: 'latam-pass', password: 'wrong' }]) {
      expect((await world.gateway().request('POST', path, { auth, body: {} })).status).toBe(401);
    }
  });
});
