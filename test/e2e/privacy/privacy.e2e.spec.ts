import { foundInDatabase } from '../../support/canaries.js';
import { startGateway } from '../../support/gateway.js';
import { at, textAt, type Credentials } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { sqlAsOwner } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { accrual, pass, startWorld, topup, type World } from '../../support/world.js';

const PHONE = '5537687163';
const NOTE = 'only between you and me';
const HOLDER = { firstName: 'Prisca', lastName: 'Verborgen', email: 'prisca@example.com' };

let world: World;
let viewer: Credentials;
let operator: Credentials;

/** Changes the times of a transaction as if it had ended `days` days earlier. */
async function age(id: string, days: number): Promise<void> {
  const columns = `completed_at = completed_at - make_interval(days => $2), created_at = created_at - make_interval(days => $2)`;
  await sqlAsOwner(world, `update transactions set ${columns} where id = $1`, [bareId(id), days]);
}

/** Makes all purge tasks due now, from the oldest row on. */
async function purge(): Promise<void> {
  await sqlAsOwner(
    world,
    `update purge_tasks set next_at = now(),
       reached_at = case when name = 'block ended' then now() - interval '1000 days' end`,
  );
  await eventually(
    30_000,
    () => sqlAsOwner(world, `select count(*)::int as due from purge_tasks where next_at <= now()`),
    ([row]) => row?.due === 0,
  );
}

async function ended(path: string, body: object): Promise<string> {
  const made = await world.call('POST', path, body, { prefer: 'wait=10' });
  const id = textAt(made.body, 'id');
  await eventually(
    15_000,
    () => world.admin('GET', `/v1/admin/transactions/${id}`),
    (answer) => at(answer.body, 'status') === 'succeeded',
  );
  return id;
}

async function read(id: string, auth: Credentials, query = ''): Promise<{ status: number; body: unknown }> {
  return world.gateway().request('GET', `/v1/admin/transactions/${id}${query}`, { auth });
}

beforeAll(async () => {
  world = await startWorld({ gateway: { LOYALTY_LAYER_REQUESTS_PER_MINUTE: '1000' } });
  const make = async (role: string): Promise<Credentials> => {
    const auth = { username: unique(role), password: 'a-password-of-an-operator' };
    await world.admin('POST', '/v1/admin/operators', { ...auth, role });
    return auth;
  };
  viewer = await make('viewer');
  operator = await make('operator');
}, 60_000);

describe('a blocked transaction', () => {
  it('is readable by administrators alone', async () => {
    const id = await ended('/v1/topups', topup({ phoneNumber: PHONE, metadata: { note: NOTE } }));
    expect((await read(id, operator, '?expand=personal')).body).toMatchObject({ topup: { phoneNumber: PHONE } });
    const blocked = await world.admin('POST', `/v1/admin/transactions/${id}/block`);
    expect(blocked.body).toMatchObject({ personalData: 'blocked', topup: { phoneNumber: null }, metadata: {} });
    expect((await read(id, viewer)).body).toEqual({ ...Object(blocked.body), proposal: null });
    expect((await read(id, operator, '?expand=personal')).body).toMatchObject({ status: 403, code: 'forbidden' });
    const shown = await world.admin('GET', `/v1/admin/transactions/${id}?expand=personal`);
    expect(shown.body).toMatchObject({ topup: { phoneNumber: PHONE }, metadata: { note: NOTE } });
  });

  it('has no personal data in responses, lists and exports', async () => {
    const [phoneNumber, note] = ['5537687185', 'only for these lists'];
    const id = await ended('/v1/topups', topup({ phoneNumber, metadata: { note } }));
    await world.admin('POST', `/v1/admin/transactions/${id}/block`);
    const own = await world.call('GET', `/v1/transactions/${id}`);
    expect(own.body).toMatchObject({ status: 'succeeded', topup: { phoneNumber: null }, metadata: {} });
    const lists = [
      await world.call('GET', '/v1/transactions'),
      await world.call('GET', '/v1/transactions/export'),
      await world.admin('GET', '/v1/admin/transactions'),
      await world.admin('GET', '/v1/admin/transactions/export'),
    ];
    for (const list of lists) {
      expect(list.status).toBe(200);
      expect(JSON.stringify(list.body)).toContain(id);
      expect(JSON.stringify(list.body)).not.toContain(note);
      expect(JSON.stringify(list.body)).not.toContain(phoneNumber);
      expect(JSON.stringify(list.body)).not.toContain(`*${phoneNumber.slice(-4)}`);
    }
  });

  it('is in the audit log, and an open transaction cannot be blocked', async () => {
    const id = await ended('/v1/topups', topup());
    await world.admin('POST', `/v1/admin/transactions/${id}/block`);
    const log = await world.admin('GET', '/v1/admin/audit-log?limit=100');
    const line = expect.objectContaining({ action: 'transaction.block', target: id });
    expect(at(log.body, 'data')).toEqual(expect.arrayContaining([line]));
    const releaseAt = new Date(Date.now() + 86_400_000).toISOString();
    const held = await world.call('POST', '/v1/accruals', accrual({ releaseAt }));
    const refused = await world.admin('POST', `/v1/admin/transactions/${textAt(held.body, 'id')}/block`);
    expect(refused.body).toMatchObject({ status: 409, code: 'invalid_state' });
  });

  it('hides its pass, which can be neither updated nor refreshed', async () => {
    const passTransaction = await ended('/v1/passes', pass({ holder: HOLDER, metadata: { note: NOTE } }));
    const passId = textAt((await read(passTransaction, viewer)).body, 'pass', 'id');
    expect((await world.call('GET', `/v1/passes/${passId}`)).body).toHaveProperty('qrData');
    await world.admin('POST', `/v1/admin/transactions/${passTransaction}/block`);
    const blocked = await world.call('GET', `/v1/passes/${passId}?refresh=true`);
    expect(blocked.body).toMatchObject({ id: passId, metadata: {} });
    expect(blocked.body).not.toHaveProperty('qrData');
    expect((await world.call('GET', `/v1/passes/${passId}/qr`)).status).toBe(404);
    const update = await world.call('PATCH', `/v1/passes/${passId}`, { holder: { firstName: 'Other' } });
    expect(update.body).toMatchObject({ status: 409, code: 'invalid_state' });
    await world.admin('POST', `/v1/admin/transactions/${passTransaction}/erase`);
    expect((await world.call('GET', `/v1/passes/${passId}?refresh=true`)).body).not.toHaveProperty('qrData');
    expect(await foundInDatabase(world.database.url, { email: HOLDER.email, name: HOLDER.lastName })).toEqual([]);
  });
});

describe('erased personal data', () => {
  it('does not return with a late answer', async () => {
    const id = await ended('/v1/passes', pass({ holder: HOLDER }));
    const path = `/v1/passes/${textAt((await read(id, viewer)).body, 'pass', 'id')}`;
    await world.sandbox.fault({
      provider: 'loyalty-layer',
      operation: 'pass-status',
      fault: 'delay',
      delayMs: 2000,
      times: 1,
    });
    const refreshed = world.call('GET', `${path}?refresh=true`);
    await eventually(
      10_000,
      () => world.sandbox.calls('loyalty-layer'),
      (calls) => calls.some((call) => call['operation'] === 'pass-status'),
    );
    await world.admin('POST', `/v1/admin/transactions/${id}/erase`);
    expect((await refreshed).body).not.toHaveProperty('qrData');
    expect((await world.call('GET', path)).body).not.toHaveProperty('qrData');
  });

  it.each(['pass-create', 'pass-update'])('does not return with a simultaneous change: %s', async (operation) => {
    const made = operation === 'pass-update' ? await ended('/v1/passes', pass({ holder: HOLDER })) : null;
    const order = { provider: 'loyalty-layer', operation, fault: 'delay', delayMs: 2000, times: 1 };
    await world.sandbox.fault(order);
    const change = { holder: HOLDER, metadata: { note: NOTE } };
    const headers = { prefer: 'wait=0' };
    const answer =
      made === null
        ? await world.call('POST', '/v1/passes', pass(change), headers)
        : await world.call(
            'PATCH',
            `/v1/passes/${textAt((await read(made, viewer)).body, 'pass', 'id')}`,
            change,
            headers,
          );
    const id = textAt(answer.body, 'id');
    const itsResource = `id = (select resource_id from transactions where id = $1)`;
    await sqlAsOwner(
      world,
      `update resources set erased_at = now(), sealed = null, metadata = '{}' where ${itsResource}`,
      [bareId(id)],
    );
    await eventually(
      15_000,
      () => read(id, viewer),
      (seen) => at(seen.body, 'status') === 'succeeded',
    );
    const kept = await sqlAsOwner(world, `select metadata, sealed from resources where ${itsResource}`, [bareId(id)]);
    expect(kept).toEqual([{ metadata: {}, sealed: null }]);
  });

  it("is removed from the provider's message about a failure", async () => {
    const id = textAt(
      (await world.call('POST', '/v1/topups', topup({ phoneNumber: MAGIC.latcom.declinedInvalidTransaction }))).body,
      'id',
    );
    const words = `El numero ${PHONE} no existe`;
    await sqlAsOwner(
      world,
      `update transactions set failure = jsonb_set(failure, '{provider,message}', to_jsonb($2::text)) where id = $1`,
      [bareId(id), words],
    );
    const erased = await world.admin('POST', `/v1/admin/transactions/${id}/erase`);
    expect(erased.body).toMatchObject({ status: 'failed', failure: { provider: { code: '12', message: null } } });
    expect(await foundInDatabase(world.database.url, { phone: PHONE })).toEqual([]);
  });
});

describe('the purge', () => {
  it('erases what came to a pass after its erasure', async () => {
    const made = await ended('/v1/passes', pass({ holder: HOLDER }));
    const passId = textAt((await read(made, viewer)).body, 'pass', 'id');
    await world.admin('POST', `/v1/admin/transactions/${made}/erase`);
    const cancel = await ended(`/v1/passes/${passId}/cancel`, {});
    const state = async (): Promise<unknown> => at((await read(cancel, viewer)).body, 'personalData');
    expect(await state()).toBe('kept');
    await purge();
    expect(await state()).toBe('erased');
  });

  it('blocks transactions 180 days after their end, erases them 180 days later, and leaves younger ones', async () => {
    const old = await ended('/v1/topups', topup());
    const young = await ended('/v1/topups', topup());
    const usable = await ended('/v1/passes', pass());
    const over = await ended('/v1/passes', pass());
    await age(old, 181);
    await age(young, 179);
    for (const id of [usable, over]) {
      await age(id, 200);
      await sqlAsOwner(
        world,
        `update resources set updated_at = now() - interval '200 days', status = $2
         where id = (select resource_id from transactions where id = $1)`,
        [bareId(id), id === over ? 'expired' : 'active'],
      );
    }
    await purge();
    const states = async (): Promise<unknown[]> =>
      Promise.all([old, young, usable, over].map(async (id) => at((await read(id, viewer)).body, 'personalData')));
    expect(await states()).toEqual(['blocked', 'kept', 'kept', 'blocked']);
    await purge();
    expect(await states()).toEqual(['blocked', 'kept', 'kept', 'blocked']);
    await sqlAsOwner(
      world,
      `update transactions set blocked_at = blocked_at - interval '181 days' where blocked_at is not null`,
    );
    await purge();
    expect(await states()).toEqual(['erased', 'kept', 'kept', 'erased']);
    expect((await world.admin('GET', '/v1/admin/ledger/verify')).body).toMatchObject({ ok: true });
  });

  it('deletes old notifications, except those that wait for their transaction', async () => {
    const made = (id: string, due: string): Promise<unknown> =>
      sqlAsOwner(
        world,
        `insert into notifications (id, provider, sealed, state, due_at) values ($1, 'latam-pass', '', 'applied', ${due})`,
        [id],
      );
    const ids = ['01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000002'];
    await made(ids[0] ?? '', 'null');
    await made(ids[1] ?? '', `now() + interval '1 day'`);
    const before = await sqlAsOwner(world, `select id from notifications`);
    await purge();
    const after = await sqlAsOwner(world, `select id from notifications`);
    expect(after.map(({ id }) => id)).toContain(ids[1]);
    expect(after.length).toBe(before.length - 1);
  });

  it('by two instances, one of them killed, blocks every transaction once', async () => {
    const template = await ended('/v1/topups', topup());
    const count = 6_000;
    await sqlAsOwner(world, `update purge_tasks set next_at = now() + interval '1 hour'`);
    await sqlAsOwner(
      world,
      `insert into transactions (id, app_id, type, provider, status, detail, sealed, created_at, completed_at)
       select (lpad(to_hex(1577836800000 + n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid, app_id, type, provider,
         status, detail, sealed, timestamptz '2020-01-01' + n * interval '1 s', timestamptz '2020-01-01' + n * interval '1 s'
       from transactions, generate_series(1, $2::int) n where id = $1`,
      [bareId(template), count],
    );
    const other = await startGateway({ databaseUrl: world.database.url, env: world.env });
    // Makes the work slow, so that both instances see it in progress and the kill interrupts it.
    await sqlAsOwner(
      world,
      `create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.3); return null; end';
       create trigger slow after update of blocked_at on transactions for each statement execute function slow()`,
    );
    await sqlAsOwner(
      world,
      `update purge_tasks set next_at = now(), rows = 0, reached_at = '2019-12-31' where name = 'block ended'`,
    );
    const state = () =>
      sqlAsOwner(
        world,
        `select p.rows::int as rows, (select count(*)::int from transactions
           where blocked_at is not null and completed_at < '2021-01-01') as blocked
         from purge_tasks p where name = 'block ended'`,
      );
    const [begun] = await eventually(20_000, state, ([row]) => Number(row?.['rows'] ?? 0) > 0);
    expect(begun?.['rows']).toBeLessThan(count);
    await world.crash();
    await eventually(30_000, state, ([row]) => row?.['blocked'] === count);
    await other.stop();
    await sqlAsOwner(world, `drop function slow cascade`);
    // The count is written with each batch, so a batch that was done twice or partly would show.
    const [end] = await state();
    expect(end).toEqual({ rows: count, blocked: count });
  });
});

describe('the erasure of an app', () => {
  it('destroys the key of the app, and its data cannot be read any more', async () => {
    const leaver = await world.createApp();
    const apps = await world.admin('GET', '/v1/admin/apps?limit=1');
    const appId = textAt(apps.body, 'data', 0, 'id');
    const asLeaver = (method: string, path: string, body?: unknown): ReturnType<World['call']> =>
      world.gateway().request(method, path, {
        auth: leaver,
        body,
        headers: { 'idempotency-key': unique('key'), prefer: 'wait=10' },
      });
    const phone = '5537687172';
    const made = await asLeaver('POST', '/v1/topups', topup({ phoneNumber: phone, metadata: { note: 'farewell' } }));
    const id = textAt(made.body, 'id');
    const releaseAt = new Date(Date.now() + 86_400_000).toISOString();
    const held = textAt((await asLeaver('POST', '/v1/accruals', accrual({ releaseAt }))).body, 'id');
    const path = `/v1/admin/apps/${appId}`;
    // The data is encrypted under the app's key, not under the gateway's.
    expect(
      await sqlAsOwner(world, `select get_byte(sealed, 0) as format from transactions where id = $1`, [bareId(id)]),
    ).toEqual([{ format: 2 }]);

    expect((await world.admin('POST', `${path}/erase`)).body).toMatchObject({ code: 'invalid_state' });
    expect((await world.admin('GET', `${path}/erasure`)).status).toBe(404);
    await world.admin('DELETE', path);
    expect(textAt((await world.admin('POST', `${path}/erase`)).body, 'detail')).toContain('removed just now');
    await sqlAsOwner(world, `update apps set deleted_at = deleted_at - interval '2 min' where id = $1`, [
      bareId(appId),
    ]);
    expect(textAt((await world.admin('POST', `${path}/erase`)).body, 'detail')).toContain('has open transactions');
    await sqlAsOwner(
      world,
      `update transactions set status = 'canceled', completed_at = now(), due_at = null where id = $1`,
      [bareId(held)],
    );

    const balances = (await world.admin('GET', '/v1/admin/ledger/balances')).body;
    const backup = await sqlAsOwner(world, `select sealed from transactions where id = $1`, [bareId(id)]);
    const erased = await world.admin('POST', `${path}/erase`);
    expect(erased.status).toBe(200);
    await eventually(
      30_000,
      () => world.admin('GET', `${path}/erasure`),
      ({ body }) => typeof at(body, 'erasedAt') === 'string',
    );
    const shown = await world.admin('GET', `/v1/admin/transactions/${id}?expand=personal`);
    expect(shown.body).toMatchObject({ personalData: 'erased', topup: { phoneNumber: null }, metadata: {} });
    expect(
      await foundInDatabase(world.database.url, { phone, masked: `******${phone.slice(-4)}`, note: 'farewell' }),
    ).toEqual([]);
    // Rows restored from a backup stay unreadable, also after a restart of the gateway.
    await sqlAsOwner(world, `update transactions set sealed = $2 where id = $1`, [bareId(id), backup[0]?.sealed]);
    await world.crash();
    const again = await world.admin('GET', `/v1/admin/transactions/${id}?expand=personal`);
    expect(again.body).toMatchObject({ topup: { phoneNumber: null } });
    expect((await world.admin('GET', '/v1/admin/ledger/balances')).body).toEqual(balances);
    expect(at((await world.admin('POST', `${path}/erase`)).body, 'keyDestroyedAt')).toBe(
      at(erased.body, 'keyDestroyedAt'),
    );
  });

  it('leaves the data of other apps readable', async () => {
    const id = await ended('/v1/topups', topup({ phoneNumber: '5537687190' }));
    expect((await read(id, operator, '?expand=personal')).body).toMatchObject({ topup: { phoneNumber: '5537687190' } });
  });

  it('is answered 404 for an unknown app', async () => {
    for (const appId of ['app_01900000-0000-7000-8000-000000000001', 'nothing']) {
      expect((await world.admin('POST', `/v1/admin/apps/${appId}/erase`)).status).toBe(404);
    }
  });
});
