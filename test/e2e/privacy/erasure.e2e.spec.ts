import { foundInDatabase } from '../../support/canaries.js';
import { at, textAt } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { sql } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { accrual, pass, startWorld, topup, type World } from '../../support/world.js';

const FFN = '70000000451';
const PHONE = '5537687163';
const HOLDER = { firstName: 'Erasmus', lastName: 'Vergessen', email: 'erase.me@example.com' };
const NOTE = 'for the forgotten one';

let world: World;
const paths: string[] = [];

/** The person's data in the database: encrypted and masked. */
async function remains(): Promise<unknown[]> {
  return sql(
    world,
    `select 'sealed transaction' as name from transactions where sealed is not null and reference not like 'kept%'
     union all select 'sealed resource' from resources where sealed is not null
     union all select 'notification' from notifications n join transactions t on t.id = n.transaction_id
       where t.reference not like 'kept%'`,
  );
}

async function ended(path: string, body: object): Promise<string> {
  const made = await world.call('POST', path, body, { prefer: 'wait=10' });
  const one = `/v1/admin/transactions/${textAt(made.body, 'id')}`;
  await eventually(
    15_000,
    () => world.admin('GET', one),
    (answer) => at(answer.body, 'status') === 'succeeded',
  );
  return one;
}

beforeAll(async () => {
  world = await startWorld();
  paths.push(await ended('/v1/accruals', accrual({ member: { ffn: FFN }, description: NOTE })));
  paths.push(await ended('/v1/topups', topup({ phoneNumber: PHONE, metadata: { who: NOTE } })));
  paths.push(await ended('/v1/passes', pass({ holder: HOLDER, metadata: { who: NOTE } })));
}, 60_000);

it('an erasure is refused while the transaction is open, and changes nothing', async () => {
  const releaseAt = new Date(Date.now() + 86_400_000).toISOString();
  const held = await world.call('POST', '/v1/accruals', accrual({ reference: unique('kept'), releaseAt }));
  const path = `/v1/admin/transactions/${textAt(held.body, 'id')}`;
  expect((await world.admin('POST', `${path}/erase`)).body).toMatchObject({ status: 409, code: 'invalid_state' });
  const shown = await world.admin('GET', `${path}?expand=personal`);
  expect(at(shown.body, 'accrual', 'member', 'ffn')).toBe('01234567890');
});

it('an erasure leaves no trace of the person, and the ledger is unchanged', async () => {
  expect(await remains()).not.toEqual([]);
  const balances = await world.admin('GET', '/v1/admin/ledger/balances');
  for (const path of paths) {
    const erased = await world.admin('POST', `${path}/erase`);
    expect(erased.body).toMatchObject({ status: 'succeeded', metadata: {} });
    // A second erasure changes nothing.
    expect((await world.admin('POST', `${path}/erase`)).body).toEqual(erased.body);
    expect((await world.admin('GET', `${path}?expand=personal`)).body).toEqual({
      ...Object(erased.body),
      proposal: null,
    });
  }
  const bodies = await Promise.all(paths.map(async (path) => (await world.admin('GET', path)).body));
  expect([at(bodies, 0, 'accrual', 'member'), at(bodies, 0, 'accrual', 'description')]).toEqual([null, null]);
  expect([at(bodies, 1, 'topup', 'phoneNumber'), at(bodies, 2, 'pass', 'holder')]).toEqual([null, null]);
  expect(await remains()).toEqual([]);
  const traces = { note: NOTE, ffn: '*******0451', phone: '******7163', email: 'e***@example.com', name: 'E***' };
  expect(await foundInDatabase(world.database.url, { ...traces, FFN, PHONE, ...HOLDER })).toEqual([]);
  expect((await world.admin('GET', '/v1/admin/ledger/balances')).body).toEqual(balances.body);
  expect((await world.admin('GET', '/v1/admin/ledger/verify')).body).toMatchObject({ ok: true });
});

it('after an erasure no later notification is kept', async () => {
  const accrualPath = await ended('/v1/accruals', accrual({ member: { ffn: FFN } }));
  await world.admin('POST', `${accrualPath}/erase`);
  const correlationId = at((await world.admin('GET', accrualPath)).body, 'correlationId');
  const body = { nonAirAccrual: { status: 'PROCESSED', ffn: FFN }, trace: { correlationId } };
  const path = '/v1/providers/latam-pass/notifications';
  const told = await world.gateway().request('POST', path, { auth: world.notifier, body });
  expect(Math.floor(told.status / 100)).toBe(2);
  const count = async (): Promise<number> => {
    const rows = await sql(world, `select id from notifications where transaction_id is null or transaction_id = $1`, [
      bareId(accrualPath.split('/').at(-1) ?? ''),
    ]);
    return rows.length;
  };
  await eventually(15_000, count, (left) => left === 0);
});

it('an erasure is in the audit log', async () => {
  const path = await ended('/v1/topups', topup());
  await world.admin('POST', `${path}/erase`);
  const { body } = await world.admin('GET', '/v1/admin/audit-log?limit=100');
  const line = expect.objectContaining({ action: 'transaction.erase', target: path.split('/').at(-1) });
  expect(at(body, 'data')).toEqual(expect.arrayContaining([line]));
});
