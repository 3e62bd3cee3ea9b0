import { randomBytes } from 'node:crypto';
import { request as requestByHttp } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { Client } from 'pg';
import { newUuid } from '../../../src/common/ids.js';
import { accrualOnce, transactionEvents } from '../../support/accruals.js';
import { at, basicAuth, textAt, type Answer, type Credentials } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { REJECTED_SAMPLE, SAMPLE_CORRELATION } from '../../support/latam-pass-samples.js';
import { LatamPassStub } from '../../support/latam-pass-stub.js';
import { alarms, metric } from '../../support/metrics.js';
import { sql } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { accrual, startWorld, type World } from '../../support/world.js';

const PATH = '/v1/providers/latam-pass/notifications';
const SECOND_PAIR: Credentials = { username: 'latam-pass-new', password: 'la-contraseña-que-sustituye-a-la-primera' };
const LIMIT_BYTES = 64 * 1024;

const stub = new LatamPassStub();
let world: World;

beforeAll(async () => {
  const env = await stub.listen();
  world = await startWorld({
    gateway: {
      ...env,
      LATAM_PASS_NOTIFICATION_USERNAME_2: SECOND_PAIR.username,
      LATAM_PASS_NOTIFICATION_PASSWORD_2: SECOND_PAIR.password,
    },
  });
}, 60_000);

afterAll(() => stub.close());

function notify(body: unknown, auth: Credentials | null = world.notifier): Promise<Answer> {
  return world.gateway().request('POST', PATH, { ...(auth && { auth }), body });
}

/** An accepted accrual. It waits for its notification, unless an orphan has already ended it. */
async function accepted(correlationId = unique('correlation')): Promise<{ id: string; correlationId: string }> {
  stub.play({ submit: [{ status: 200, body: { correlationId } }] });
  const id = textAt((await world.call('POST', '/v1/accruals', accrual())).body, 'id');
  await accrualOnce(world, id, ['processing', 'succeeded', 'failed'], 5_000);
  return { id, correlationId };
}

function processed(correlationId: string, latamAccrualId = 'BCS1_1'): object {
  return { nonAirAccrual: { ffn: '01234567890', latamAccrualId, status: 'PROCESSED' }, trace: { correlationId } };
}

function cancelled(correlationId: string, error: object | null = { code: 206, message: 'm' }): object {
  return { nonAirAccrual: { ffn: '01234567890', status: 'CANCELLED' }, trace: { correlationId }, error };
}

function stored(): Promise<Record<string, unknown>[]> {
  return sql(world, `select state, correlation_id as correlation from notifications order by id desc`);
}

/** Waits until the newest notification has the state, and returns all rows. */
function newest(state: string): Promise<Record<string, unknown>[]> {
  return eventually(10_000, stored, (rows) => rows[0]?.['state'] === state);
}

it('the documented sample of a rejection, byte for byte, ends its accrual', async () => {
  const { id } = await accepted(SAMPLE_CORRELATION);
  expect((await notify(REJECTED_SAMPLE)).status).toBe(200);
  const ended = await accrualOnce(world, id, ['failed', 'succeeded'], 5_000);
  expect(ended).toMatchObject({
    status: 'failed',
    failure: { code: 'partner_not_registered', category: 'configuration', provider: { code: '108' } },
  });
});

describe('a notification that proxies or senders have changed', () => {
  const send = async (body: Buffer, headers: Record<string, string> = {}, path = PATH): Promise<number> => {
    const all = { authorization: basicAuth(world.notifier), 'content-type': 'application/json', ...headers };
    return (await fetch(world.gateway().url + path, { method: 'POST', headers: all, body })).status;
  };
  const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

  it.each([
    `${PATH}/`,
    `${PATH}//?x=1`,
    '/V1/Providers/LATAM-Pass/Notifications',
    '//v1/providers//latam-pass//notifications',
    `${PATH}?source=latam`,
  ])('is accepted at %s', async (path) => {
    const { id, correlationId } = await accepted();
    expect(await send(bytes(processed(correlationId)), {}, path)).toBe(200);
    expect(await accrualOnce(world, id, ['succeeded'], 5_000)).toMatchObject({ status: 'succeeded' });
  });

  it.each([`http://gateway.example${PATH}`, `HTTP://127.0.0.1:80${PATH}/?x=1`])(
    'is accepted at the absolute URL %s',
    async (path) => {
      const { id, correlationId } = await accepted();
      const { hostname, port } = new URL(world.gateway().url);
      const headers = { authorization: basicAuth(world.notifier) };
      const status = await new Promise((resolve, reject) => {
        requestByHttp({ hostname, port, method: 'POST', path, headers }, (answer) =>
          resolve(answer.resume().statusCode),
        )
          .on('error', reject)
          .end(bytes(processed(correlationId)));
      });
      expect(status).toBe(200);
      expect(await accrualOnce(world, id, ['succeeded'], 5_000)).toMatchObject({ status: 'succeeded' });
    },
  );

  it.each<[encoding: string, encode: (text: string) => Buffer]>([
    ['UTF-8', (text) => Buffer.from(text)],
    ['UTF-8 with the accents apart', (text) => Buffer.from(text.normalize('NFD'))],
    ['ISO-8859-1', (text) => Buffer.from(text, 'latin1')],
  ])('is accepted with an accented password in %s', async (_encoding, encode) => {
    const pair = encode(`${SECOND_PAIR.username}:${SECOND_PAIR.password}`).toString('base64');
    const wrong = encode(`${SECOND_PAIR.username}:${SECOND_PAIR.password.replace('ñ', 'ó')}`).toString('base64');
    const body = bytes(processed(unique('correlation')));
    expect(await send(body, { authorization: `Basic ${wrong}` })).toBe(401);
    expect(await send(body, { authorization: `Basic ${pair}` })).toBe(200);
  });

  it.each<[coding: string, encode: (body: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['gzip, gzip', (body) => gzipSync(gzipSync(body))],
    ['identity', (body) => body],
  ])('is read with Content-Encoding %s, and can be read again', async (coding, encode) => {
    const { id, correlationId } = await accepted();
    expect(await send(encode(bytes(processed(correlationId))), { 'content-encoding': coding })).toBe(200);
    expect(await accrualOnce(world, id, ['succeeded'], 5_000)).toMatchObject({ status: 'succeeded' });
    const kept = await world.admin('GET', '/v1/admin/notifications?limit=1&expand=personal');
    expect(textAt(kept.body, 'data', 0, 'raw')).toContain(correlationId);
  });

  it('is read with a byte order mark', async () => {
    const { id, correlationId } = await accepted();
    expect(await send(Buffer.concat([Buffer.from('\ufeff'), bytes(processed(correlationId))]))).toBe(200);
    expect(await accrualOnce(world, id, ['succeeded'], 5_000)).toMatchObject({ status: 'succeeded' });
  });

  it.each<[charset: string, encode: (text: string) => Buffer]>([
    ['utf-16, little-endian with its mark', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['utf-16, little-endian without', (text) => Buffer.from(text, 'utf16le')],
    ['utf-16, big-endian with its mark', (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['utf-16, big-endian without', (text) => Buffer.from(text, 'utf16le').swap16()],
    ['utf-16, and is UTF-8', (text) => Buffer.from(text)],
    ['iso-8859-1', (text) => Buffer.from(text, 'latin1')],
  ])('is read in the charset %s', async (charset, encode) => {
    const { id, correlationId } = await accepted();
    const error = { code: 113, message: 'Não é válido' };
    const type = `application/json; charset=${charset.split(',')[0] ?? ''}`;
    expect(await send(encode(JSON.stringify(cancelled(correlationId, error))), { 'content-type': type })).toBe(200);
    const ended = await accrualOnce(world, id, ['failed', 'succeeded'], 5_000);
    expect(ended).toMatchObject({ failure: { code: 'member_id_invalid_for_country' } });
    const kept = await world.admin('GET', '/v1/admin/notifications?limit=1&expand=personal');
    expect(textAt(kept.body, 'data', 0, 'raw')).toContain(correlationId);
  });

  it.each<[what: string, make: (text: string) => Buffer]>([
    ['UTF-32', (text) => Buffer.concat([...text].map((one) => Buffer.from(`${one}\0`, 'utf16le')))],
    ['UTF-16 that was cut off', (text) => Buffer.from(text, 'utf16le').subarray(0, -3)],
    ['a form', (text) => Buffer.from(`payload=${encodeURIComponent(text)}`)],
    ['a JSON text in a JSON text', (text) => Buffer.from(JSON.stringify(text))],
    ['a list', (text) => Buffer.from(`[${text}]`)],
  ])('is stored byte for byte, raises an alarm and ends nothing when it is %s', async (_what, make) => {
    const before = await alarms(world, 'unreadable_notification');
    const { id, correlationId } = await accepted();
    expect(await send(make(JSON.stringify(processed(correlationId))))).toBe(200);
    await eventually(
      10_000,
      () => alarms(world, 'unreadable_notification'),
      (now) => now === before + 1,
    );
    await newest('unreadable');
    expect(await accrualOnce(world, id, ['processing'], 5_000)).toMatchObject({ status: 'processing' });
  });

  it('is stored unchanged with an alarm when it cannot be decoded', async () => {
    const before = await alarms(world, 'unreadable_notification');
    expect(await send(bytes({ not: 'gzip' }), { 'content-encoding': 'gzip' })).toBe(200);
    await newest('unreadable');
    expect(await alarms(world, 'unreadable_notification')).toBe(before + 1);
  });

  it('is refused beyond 64 KiB, counted after decoding', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(await send(bomb, { 'content-encoding': 'gzip' })).toBe(413);
    const fits = gzipSync(Buffer.alloc(LIMIT_BYTES, ' '));
    expect(await send(fits, { 'content-encoding': 'gzip' })).toBe(200);
  });
});

it.each([
  ['null', null],
  ['a pair', { 'member.ffn': 'must not be null' }],
  ['a list', ['a', { b: null }]],
  ['a map of maps', { a: { b: { c: [1, 2] } } }],
])('error details that are %s do not change how a notification is read', async (_what, details) => {
  const { id, correlationId } = await accepted();
  const error = { code: 113, message: 'm', instructions: 'i', issuedDateTime: '2024-10-01', details };
  expect((await notify(cancelled(correlationId, error))).status).toBe(200);
  const ended = await accrualOnce(world, id, ['failed', 'succeeded'], 5_000);
  expect(ended).toMatchObject({ failure: { code: 'member_id_invalid_for_country' } });
});

it('each of a hundred simultaneous duplicates is answered 200 and stored, and one ends the accrual', async () => {
  const { id, correlationId } = await accepted();
  const answers = await Promise.all(Array.from({ length: 100 }, () => notify(processed(correlationId))));
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
  await accrualOnce(world, id, ['succeeded'], 5_000);
  const rows = await eventually(
    10_000,
    () => sql(world, `select state from notifications where correlation_id = $1`, [correlationId]),
    (all) => all.every((row) => row['state'] !== 'received'),
  );
  expect(rows.map((row) => row['state'])).toEqual(Array.from({ length: 100 }, () => 'applied'));
  const ends = (await transactionEvents(world, id)).filter((event) => at(event, 'to') === 'succeeded');
  expect(ends).toHaveLength(1);
});

it('an intermediate status that arrives after the end adds an event and an alarm, and changes nothing else', async () => {
  const { id, correlationId } = await accepted();
  await notify(processed(correlationId));
  const ended = await accrualOnce(world, id, ['succeeded'], 5_000);
  expect((await notify({ nonAirAccrual: { status: 'UNDER_REVIEW' }, trace: { correlationId } })).status).toBe(200);
  await eventually(
    5_000,
    () => transactionEvents(world, id),
    (events) => events.some((event) => at(event, 'from') === 'succeeded' && at(event, 'to') === null),
  );
  const after = (await world.call('GET', `/v1/accruals/${id}`)).body;
  expect(after).toMatchObject({ status: 'succeeded', completedAt: textAt(ended, 'completedAt') });
});

it('a contradicting notification opens a break, raises an alarm and never reverses the accrual', async () => {
  const { id, correlationId } = await accepted();
  await notify(processed(correlationId));
  await accrualOnce(world, id, ['succeeded'], 5_000);
  const alarmsBefore = await alarms(world, 'contradiction');
  await notify(cancelled(correlationId));
  await newest('contradiction');
  const breaks = await sql(world, `select class, detail, status, amount, unit from breaks where transaction_id = $1`, [
    bareId(id),
  ]);
  expect(breaks).toEqual([
    {
      class: 'status_conflict',
      status: 'open',
      detail: { is: 'succeeded', said: 'failed' },
      amount: '3000',
      unit: 'LATAM_PASS_POINTS',
    },
  ]);
  expect(at((await world.call('GET', `/v1/accruals/${id}`)).body, 'status')).toBe('succeeded');
  expect(await alarms(world, 'contradiction')).toBe(alarmsBefore + 1);
  const posted = await sql(world, `select phase from ledger_entries where transaction_id = $1`, [bareId(id)]);
  expect(posted.map((row) => row['phase']).sort()).toEqual(['hold', 'post']);
});

it('the first of two contradicting notifications counts, also when the process died before it was applied', async () => {
  const { id, correlationId } = await accepted();
  const owner = new Client({ connectionString: world.database.adminUrl });
  await owner.connect();
  await owner.query('begin');
  await owner.query('select from transactions where id = $1 for update', [bareId(id)]);
  expect((await notify(processed(correlationId))).status).toBe(200);
  // Waits until the statement waits for the lock.
  const waiting = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await eventually(
    5_000,
    () => sql(world, waiting),
    (rows) => rows.length > 0,
  );
  await world.gateway().kill();
  await owner.query(`select pg_terminate_backend(pid) from (${waiting}) stuck`);
  await owner.query('rollback');
  await owner.end();
  await world.crash();
  expect(await stored()).toContainEqual({ state: 'received', correlation: correlationId });
  expect((await notify(cancelled(correlationId))).status).toBe(200);
  await accrualOnce(world, id, ['succeeded', 'failed'], 5_000);
  await newest('contradiction');
  expect((await world.call('GET', `/v1/accruals/${id}`)).body).toMatchObject({ status: 'succeeded' });
  const breaks = await sql(world, `select detail from breaks where transaction_id = $1`, [bareId(id)]);
  expect(breaks).toEqual([{ detail: { is: 'succeeded', said: 'failed' } }]);
  const rows = await sql(world, `select state from notifications where correlation_id = $1 order by id`, [
    correlationId,
  ]);
  expect(rows.map((row) => row['state'])).toEqual(['applied', 'contradiction']);
}, 40_000);

it('the first of two contradicting orphans counts', async () => {
  const correlationId = unique('correlation');
  await notify(processed(correlationId));
  await newest('orphan');
  await sleep(700);
  await notify(cancelled(correlationId));
  await newest('orphan');
  const { id } = await accepted(correlationId);
  const ended = await accrualOnce(world, id, ['succeeded', 'failed'], 10_000);
  expect(ended).toMatchObject({ status: 'succeeded' });
  await eventually(
    10_000,
    () => sql(world, `select 1 from breaks where transaction_id = $1`, [bareId(id)]),
    (rows) => rows.length === 1,
  );
}, 30_000);

it('an orphan that waited long is matched soon after its accrual was accepted', async () => {
  const correlationId = unique('correlation');
  await notify(processed(correlationId));
  await newest('orphan');
  // Changes the times as if the notification had waited for a day.
  await sql(
    world,
    `update notifications set attempts = 17, due_at = now() + interval '1 hour' where correlation_id = $1`,
    [correlationId],
  );
  const { id } = await accepted(correlationId);
  expect(await accrualOnce(world, id, ['succeeded', 'failed'], 5_000)).toMatchObject({ status: 'succeeded' });
}, 20_000);

it('an orphan is matched even without a signal that its accrual has become known', async () => {
  const { id } = await accepted();
  const correlationId = unique('correlation');
  await notify(processed(correlationId));
  await newest('orphan');
  // As if another instance had got the answer.
  await sql(world, `update transactions set correlation_id = $2 where id = $1`, [bareId(id), correlationId]);
  expect(await accrualOnce(world, id, ['succeeded', 'failed'], 10_000)).toMatchObject({ status: 'succeeded' });
}, 20_000);

it.each<[string, (correlationId: string) => object]>([
  ['U+0000 in its reference', (about) => processed(about, 'B\u0000')],
  ['a reference longer than an index takes', (about) => processed(about, randomBytes(20_000).toString('hex'))],
  ['half a character in its code', (about) => cancelled(about, { code: '1\ud800', message: 'm' })],
  ['a character where its words end', (about) => cancelled(about, { message: `${'x'.repeat(299)}\u{1f600}` })],
])('a final notification with %s ends the accrual', async (_what, end) => {
  const { id, correlationId } = await accepted();
  const told = end(correlationId);
  expect((await notify(told)).status).toBe(200);
  const status = at(told, 'nonAirAccrual', 'status') === 'PROCESSED' ? 'succeeded' : 'failed';
  expect(await accrualOnce(world, id, ['succeeded', 'failed'], 5_000)).toMatchObject({ status });
});

it('earlier notifications of an accrual are applied before a later one', async () => {
  const { id } = await accepted();
  const correlationId = unique('correlation');
  await notify(processed(correlationId));
  await newest('orphan');
  await sql(world, `update notifications set due_at = now() + interval '1 hour' where correlation_id = $1`, [
    correlationId,
  ]);
  // As if another instance had got the answer.
  await sql(world, `update transactions set correlation_id = $2 where id = $1`, [bareId(id), correlationId]);
  await notify(cancelled(correlationId));
  await newest('contradiction');
  expect(await accrualOnce(world, id, ['succeeded', 'failed'], 10_000)).toMatchObject({ status: 'succeeded' });
}, 20_000);

describe('an earlier notification that can never be applied', () => {
  const parked = (): Promise<number> => alarms(world, 'notification_parked');
  /** Stores a notification with bytes that no key can decrypt. */
  const storeBroken = (
    id: string,
    correlationId: string,
    state: string,
    attempts: number,
    age = '2 hours',
  ): Promise<unknown> =>
    sql(
      world,
      `insert into notifications (id, provider, received_at, sealed, state, correlation_id, attempts, due_at)
       values ($1, 'latam-pass', now() - $5::interval, '\\x00', $2, $3, $4, now() + interval '1 hour')`,
      [id, state, correlationId, attempts, age],
    );
  const kept = (id: string): Promise<Record<string, unknown>[]> =>
    sql(world, `select state, due_at is null as done from notifications where id = $1`, [id]);

  it('is parked with an alarm after many attempts, and the later one ends the accrual', async () => {
    const { id, correlationId } = await accepted();
    const before = await parked();
    const broken = newUuid();
    await storeBroken(broken, correlationId, 'received', 30);
    await notify(processed(correlationId));
    expect(await accrualOnce(world, id, ['succeeded', 'failed'], 5_000)).toMatchObject({ status: 'succeeded' });
    expect(await kept(broken)).toEqual([{ state: 'unreadable', done: true }]);
    expect(await parked()).toBe(before + 1);
    await notify(cancelled(correlationId));
    await newest('contradiction');
    expect(await accrualOnce(world, id, ['succeeded', 'failed'], 5_000)).toMatchObject({ status: 'succeeded' });
  }, 20_000);

  it.each([
    ['after few attempts', 'received', 3, '2 hours'],
    ['after many attempts in a short time', 'received', 100, '50 minutes'],
    ['of an orphan, whose looks were no failures', 'orphan', 100, '2 hours'],
  ])(
    'holds up the later one %s, and is tried again',
    async (_what, state, attempts, age) => {
      const { id, correlationId } = await accepted();
      const before = await parked();
      const broken = newUuid();
      await storeBroken(broken, correlationId, state, attempts, age);
      const failures = await alarms(world, 'notification_failed');
      await notify(processed(correlationId));
      await eventually(
        5_000,
        () => alarms(world, 'notification_failed'),
        (count) => count > failures,
      );
      expect(await kept(broken)).toEqual([{ state: 'received', done: false }]);
      expect(await parked()).toBe(before);
      expect((await world.call('GET', `/v1/accruals/${id}`)).body).toMatchObject({ status: 'processing' });
      const aged = `update notifications set attempts = 30, received_at = now() - interval '2 hours' where id = $1`;
      await sql(world, aged, [broken]);
      await sql(world, `update notifications set due_at = now() where correlation_id = $1 and id <> $2`, [
        correlationId,
        broken,
      ]);
      expect(await accrualOnce(world, id, ['succeeded', 'failed'], 5_000)).toMatchObject({ status: 'succeeded' });
      expect(await parked()).toBe(before + 1);
    },
    20_000,
  );

  it('does not hold up notifications of other accruals', async () => {
    const broken = newUuid();
    await storeBroken(broken, unique('correlation'), 'received', 0);
    const { id } = await accepted();
    const later = unique('correlation');
    await notify(processed(later));
    await newest('orphan');
    await sql(world, `update transactions set correlation_id = $2 where id = $1`, [bareId(id), later]);
    await sql(world, `update notifications set due_at = now() where correlation_id = $1 or id = $2`, [later, broken]);
    expect(await accrualOnce(world, id, ['succeeded', 'failed'], 5_000)).toMatchObject({ status: 'succeeded' });
  }, 20_000);
});

describe('the credentials of notifications', () => {
  it('are accepted from both configured pairs', async () => {
    for (const pair of [world.notifier, SECOND_PAIR]) {
      const { id, correlationId } = await accepted();
      expect((await notify(processed(correlationId), pair)).status).toBe(200);
      await accrualOnce(world, id, ['succeeded'], 5_000);
    }
  });

  it('are refused when they are wrong, and the body is not stored', async () => {
    const before = (await stored()).length;
    const crossed = { username: world.notifier.username, password: SECOND_PAIR.password };
    const wrong = { ...world.notifier, password: 'wrong' };
    for (const auth of [null, wrong, crossed]) expect((await notify(processed('x'), auth)).status).toBe(401);
    expect([401, 403]).toContain((await notify(processed('x'), world.partner)).status);
    expect(await stored()).toHaveLength(before);
  });
});

describe('the body of a notification', () => {
  it('of 64 KiB is accepted, and one byte more is refused and not stored', async () => {
    const before = (await stored()).length;
    expect((await notify(' '.repeat(LIMIT_BYTES))).status).toBe(200);
    expect((await notify(' '.repeat(LIMIT_BYTES + 1))).status).toBe(413);
    expect(await stored()).toHaveLength(before + 1);
  });

  it.each([
    '',
    'no JSON',
    '[]',
    '{"nonAirAccrual":{"status":"PROCESSED"}}',
    '\u0000\uFFFF',
    '{"trace":{"correlationId":"c"}}',
    '{"nonAirAccrual":{"status":"PROCESSED"},"trace":{"correlationId":"a\\u0000b"}}',
    '{"nonAirAccrual":{"status":"PROCESSED"},"trace":{"correlationId":"a\\ud800"}}',
    `{"nonAirAccrual":{"status":"PROCESSED"},"trace":{"correlationId":"${'c'.repeat(10_000)}"}}`,
  ])('that cannot be read, %j, is answered 200, stored, and raises an alarm', async (body) => {
    const before = await alarms(world, 'unreadable_notification');
    expect((await notify(body)).status).toBe(200);
    expect((await newest('unreadable'))[0]).toEqual({ state: 'unreadable', correlation: null });
    expect(await alarms(world, 'unreadable_notification')).toBe(before + 1);
  });
});

it('a notification stored but not applied before a kill is applied once after the restart', async () => {
  const { id, correlationId } = await accepted();
  const lock = new Client({ connectionString: world.database.url });
  await lock.connect();
  await lock.query('begin');
  await lock.query('select 1 from transactions where id = $1 for update', [bareId(id)]);
  expect((await notify(processed(correlationId))).status).toBe(200);
  const restarted = world.crash();
  await lock.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and wait_event_type = 'Lock'`,
  );
  await lock.query('rollback');
  await restarted;
  // Ends the lease of the stopped gateway.
  await lock.query(`update notifications set due_at = now() where state = 'received'`);
  await lock.end();
  await accrualOnce(world, id, ['succeeded'], 5_000);
  const ends = (await transactionEvents(world, id)).filter((event) => at(event, 'to') === 'succeeded');
  expect(ends).toHaveLength(1);
}, 40_000);

it('an accrual accepted a week ago without an end is counted and found by operators', async () => {
  const overdue = 'gateway_overdue_transactions{provider="latam-pass"}';
  const { id, correlationId } = await accepted();
  await eventually(
    10_000,
    () => metric(world, overdue),
    (count) => count === 0,
  );
  await sql(world, `update transactions set created_at = now() - interval '8 days' where id = $1`, [bareId(id)]);
  await eventually(
    10_000,
    () => metric(world, overdue),
    (count) => count === 1,
  );
  const weekAgo = new Date(Date.now() - 7 * 24 * 3_600_000).toISOString();
  const list = await world.admin('GET', `/v1/admin/transactions?status=processing&createdTo=${weekAgo}`);
  expect(at(list.body, 'data')).toEqual([expect.objectContaining({ id })]);
  await notify(processed(correlationId));
  await accrualOnce(world, id, ['succeeded'], 5_000);
}, 40_000);
