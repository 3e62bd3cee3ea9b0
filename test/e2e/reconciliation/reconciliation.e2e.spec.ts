import { newUuid } from '../../../src/common/ids.js';
import { accrualEffects, accrualOnce, transactionEvents } from '../../support/accruals.js';
import { startGateway } from '../../support/gateway.js';
import { at, basicAuth, textAt, type Answer, type Credentials } from '../../support/http.js';
import { bareId, unique } from '../../support/ids.js';
import { MAGIC } from '../../support/magic.js';
import { sql, sqlAsOwner } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { accrual, startWorld, topup, type World } from '../../support/world.js';
import { ADMIN } from '../../support/gateway.js';

const HEADER = 'distributor_transaction_id,status,amount,currency,date';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

// A statement also expects the transactions after its last line and in the periods of earlier statements, so those of
// other tests are put away.
beforeEach(async () => {
  await sqlAsOwner(world, 'truncate reconciliations, reconciliation_bad_lines, statement_pages, breaks');
  await sql(
    world,
    `update transactions set created_at = '2000-01-01', completed_at = case when completed_at is not null then '2000-01-01'::timestamptz end`,
  );
});

interface Form {
  readonly provider?: string;
  readonly columns?: string;
  readonly from?: string;
  readonly to?: string;
  readonly auth?: Credentials;
  readonly url?: string;
}

async function send(csv: string, { auth = ADMIN, url = world.gateway().url, ...fields }: Form = {}): Promise<Answer> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ provider: 'latcom', kind: 'statement', ...fields }))
    form.set(name, value);
  form.set('file', new Blob([csv], { type: 'text/csv' }), 'statement.csv');
  const headers = { authorization: basicAuth(auth) };
  const answer = await fetch(`${url}/v1/admin/reconciliations`, { method: 'POST', headers, body: form });
  return { status: answer.status, headers: {}, body: await answer.json() };
}

async function completed(answer: Answer): Promise<unknown> {
  const id = textAt(answer.body, 'id');
  const done = await eventually(
    60_000,
    () => world.admin('GET', `/v1/admin/reconciliations/${id}`),
    (one) => at(one.body, 'status') !== 'running',
  );
  expect(at(done.body, 'status')).toBe('completed');
  return done.body;
}

async function run(csv: string, form: Form = {}): Promise<unknown> {
  const answer = await send(csv, form);
  expect(answer.status).toBe(202);
  return completed(answer);
}

async function breaksOf(body: unknown): Promise<Record<string, unknown>[]> {
  const { body: listed } = await world.admin('GET', `/v1/admin/reconciliations/${textAt(body, 'id')}/breaks?limit=100`);
  const data: unknown = at(listed, 'data');
  return Array.isArray(data) ? data.map((one: object) => Object.fromEntries(Object.entries(one))) : [];
}

async function buy(phoneNumber = '5537686660'): Promise<string> {
  return textAt((await world.call('POST', '/v1/topups', topup({ phoneNumber }), { prefer: 'wait=15' })).body, 'id');
}

const line = (id: string, changes: { status?: string; amount?: string; currency?: string; at?: Date } = {}): string => {
  const { status = 'SUCCESS', amount = '10.00', currency = 'MXN', at: when = new Date() } = changes;
  return [id, status, amount, currency, when.toISOString()].join(',');
};

/** Moves transactions to a day. Each statement has another day, so that none misses the transactions of another one. */
async function moveToDay(days: number, ids: readonly string[]): Promise<Date> {
  const day = new Date(Date.UTC(2026, 0, days, 12));
  await sql(
    world,
    `update transactions set created_at = $2::timestamptz, completed_at = completed_at - (completed_at - $2::timestamptz)
     where id = any($1)`,
    [ids.map(bareId), day],
  );
  return day;
}

const file = (...lines: string[]): string => [HEADER, ...lines].join('\n');

it('a reconciliation without differences finds nothing, and the same file returns the same run', async () => {
  const ids = [await buy(), await buy()];
  const day = await moveToDay(1, ids);
  const csv = file(...ids.map((id) => line(bareId(id), { at: day })));
  const first = await run(csv);
  expect(first).toMatchObject({
    kind: 'statement',
    lines: 2,
    badLineCount: 0,
    counts: {},
    createdBy: 'operator:admin',
  });
  expect(await breaksOf(first)).toEqual([]);
  expect(at((await send(csv)).body, 'id')).toBe(at(first, 'id'));
});

it('an unknown transaction is settled by its statement line, with the line as evidence', async () => {
  const [executed, refused] = [
    await buy(MAGIC.latcom.executedAnswerLost),
    await buy(MAGIC.latcom.notExecutedAnswerLost),
  ];
  const day = await moveToDay(2, [executed, refused]);
  const done = await run(file(line(bareId(executed), { at: day }), line(bareId(refused), { at: day, status: 'FAIL' })));
  expect(done).toMatchObject({ counts: { late_confirmation: 2 } });
  expect((await world.call('GET', `/v1/topups/${executed}`)).body).toMatchObject({ status: 'succeeded' });
  expect((await world.call('GET', `/v1/topups/${refused}`)).body).toMatchObject({
    status: 'failed',
    failure: { category: 'provider' },
  });
  expect((await transactionEvents(world, executed)).at(-1)).toMatchObject({
    from: 'unknown',
    to: 'succeeded',
    evidence: 'statement line',
    detail: { statementLine: { line: 2, amount: '1000', unit: 'MXN' }, reconciliationId: at(done, 'id') },
  });
  const evidence = await world.call('GET', `/v1/transactions/${executed}/evidence`);
  expect(evidence.body).toMatchObject({ verdict: 'proven_delivered' });
  expect(await breaksOf(done)).toMatchObject([
    { class: 'late_confirmation', status: 'resolved', resolution: 'confirmed' },
    { class: 'late_confirmation', status: 'resolved', resolution: 'confirmed' },
  ]);
});

it('an unknown transaction stays unknown without a line or with a different amount', async () => {
  const [absent, other, known] = [
    await buy(MAGIC.latcom.executedAnswerLost),
    await buy(MAGIC.latcom.executedAnswerLost),
    await buy(),
  ];
  const day = await moveToDay(3, [absent, other, known]);
  const done = await run(file(line(bareId(other), { at: day, amount: '20.00' }), line(bareId(known), { at: day })));
  expect(done).toMatchObject({ counts: { amount_mismatch: 1 } });
  for (const id of [absent, other]) {
    expect((await world.call('GET', `/v1/topups/${id}`)).body).toMatchObject({ status: 'unknown' });
  }
  expect(await breaksOf(done)).toMatchObject([
    {
      class: 'amount_mismatch',
      transactionId: other,
      amountAtRisk: { value: '10.00', unit: 'MXN' },
      providerRecord: { line: 2, amount: '2000' },
      proposal: { resolution: 'correct' },
      cause: expect.any(String),
      nextCheck: null,
      nextCheckBy: null,
    },
  ]);
});

it('bad lines are reported by number without their text, and the good lines count', async () => {
  const id = await buy();
  const day = await moveToDay(4, [id]);
  const bad = [
    `${newUuid()},MAYBE,10.00,MXN,${day.toISOString()}`,
    `${newUuid()},SUCCESS,ten,MXN,${day.toISOString()}`,
    `4111 1111 1111 1111,SUCCESS,10.00,MXN,${day.toISOString()}`,
    `${newUuid()},SUCCESS,10.00,MXN,yesterday`,
    `,SUCCESS,10.00,MXN,${day.toISOString()}`,
    '"a quote"in the middle,SUCCESS',
  ];
  const done = await run(file(...bad, line(bareId(id), { at: day })));
  expect(done).toMatchObject({ badLineCount: bad.length, counts: {} });
  const numbers = at(done, 'badLines');
  expect(Array.isArray(numbers) ? numbers.map((one) => Number(at(one, 'line'))).sort() : null).toEqual([
    2, 3, 4, 5, 6, 7,
  ]);
  expect(JSON.stringify(done)).not.toContain('4111');
  const kept = await sql(world, 'select * from breaks where run_id = $1', [bareId(textAt(done, 'id'))]);
  expect(JSON.stringify(kept)).not.toContain('4111');
});

it.each([
  ['a column is missing', 'id,status\n', {}, '/file'],
  ['the file is empty', '', {}, '/file'],
  ['its first line cannot be read', '"a\n', {}, '/file'],
  ['"columns" is no object', HEADER, { columns: '[1]' }, '/columns'],
  ['"columns" has an unknown name', HEADER, { columns: '{"phone":"x"}' }, '/columns'],
  ['the provider has no statements', HEADER, { provider: 'loyalty-layer' }, '/provider'],
  ['a field is unreadable', HEADER, { from: 'yesterday' }, '/from'],
])('a statement is refused when %s', async (_what, csv, form, pointer) => {
  expect(await send(csv, form)).toMatchObject({
    status: 400,
    body: { code: 'validation_failed', errors: [{ pointer }] },
  });
});

it('transactions from the period of an earlier statement are expected too: held, ended since, or cut off', async () => {
  const [cutOff, held, slow] = [await buy(), await buy(), await buy()];
  const day = await moveToDay(-40, [cutOff, held, slow]);
  const to = new Date(day.getTime() + 2 * 86_400_000).toISOString();
  const other = (at: Date): string => line(newUuid(), { at });
  const first = await run(file(other(new Date(day.getTime() - 60_000))), { to });
  // All three became final after the last line, so the statement cannot have lines for them.
  expect(first).toMatchObject({ counts: { cutoff_timing: 3, missing_in_ledger: 1 } });
  const next = new Date(day.getTime() + 86_400_000);
  await sql(world, `update breaks set status = 'resolved' where class = 'cutoff_timing' and transaction_id = any($1)`, [
    [held, slow].map(bareId),
  ]);
  await sql(world, `update transactions set release_at = $2, completed_at = $2 where id = $1`, [bareId(held), next]);
  // A transaction that was not final when the first statement was compared.
  await sql(world, `update reconciliations set completed_at = $1 where provider = 'latcom'`, [day]);
  await sql(world, `update transactions set completed_at = $2 where id = $1`, [bareId(slow), next]);
  const second = await run(file(other(new Date(next.getTime() + 60_000))), { to });
  expect(second).toMatchObject({ counts: { missing_at_provider: 3, missing_in_ledger: 1 } });
  const missing = (await breaksOf(second)).filter((one) => one['class'] === 'missing_at_provider');
  expect(missing.map((one) => String(one['transactionId'])).toSorted()).toEqual([cutOff, held, slow].toSorted());
  const superseded = await sql(
    world,
    `select status, resolution from breaks where class = $1 and transaction_id = $2`,
    ['cutoff_timing', bareId(cutOff)],
  );
  expect(superseded).toEqual([{ status: 'resolved', resolution: 'superseded' }]);
});

it('a statement is read with other column names when the request gives them', async () => {
  const id = await buy();
  const day = await moveToDay(5, [id]);
  const renamed = `Folio,status,Importe,date\n${bareId(id)},success,10,${day.toISOString()}`;
  const columns = '{"distributor_transaction_id":"Folio","amount":"Importe"}';
  expect(await run(renamed, { columns })).toMatchObject({ counts: {}, lines: 1, badLineCount: 0 });
});

it('reconciliations are for operators, and only their route accepts forms', async () => {
  expect((await send(HEADER, { auth: world.partner })).status).toBe(403);
  const form = new FormData();
  form.set('reference', 'x');
  const headers = { authorization: basicAuth(world.partner), 'idempotency-key': unique('key') };
  const answer = await fetch(`${world.gateway().url}/v1/topups`, { method: 'POST', headers, body: form });
  expect(answer.status).toBe(415);
});

describe('resolving a break', () => {
  async function conflict(day: number): Promise<{ id: string; breakId: string }> {
    const id = await buy();
    const when = await moveToDay(day, [id]);
    const found = await breaksOf(await run(file(line(bareId(id), { at: when, status: 'FAIL' }))));
    expect(found).toMatchObject([{ class: 'status_conflict', status: 'open', transactionId: id }]);
    return { id, breakId: textAt(found[0], 'id') };
  }

  async function posted(): Promise<number> {
    const { body } = await world.admin('GET', '/v1/admin/ledger/balances');
    const data: unknown = at(body, 'data');
    const found = Array.isArray(data) ? data.find((one: unknown) => at(one, 'account') === 'latcom') : null;
    return Number(at(found, 'posted'));
  }

  it('posts a correction linked to the transaction, once, and leaves the original entries', async () => {
    const { id, breakId } = await conflict(6);
    const before = await posted();
    const path = `/v1/admin/breaks/${breakId}/resolve`;
    const both = await Promise.all(
      [1, 2].map(() => world.admin('POST', path, { resolution: 'correct', reason: 'LATCOM confirmed it' })),
    );
    expect(both.map((one) => one.status).sort()).toEqual([200, 409]);
    expect(await posted()).toBe(before - 10);
    expect((await world.call('GET', `/v1/topups/${id}`)).body).toMatchObject({ status: 'succeeded' });
    expect((await transactionEvents(world, id)).at(-1)).toMatchObject({
      to: null,
      evidence: 'correction',
      actor: 'operator:admin',
      detail: { difference: '-1000', reason: 'LATCOM confirmed it' },
    });
    const corrections = await world.call('GET', '/v1/transactions?type=correction');
    expect(at(corrections.body, 'data', 0)).toMatchObject({
      status: 'succeeded',
      quantity: { value: '10.00', unit: 'MXN' },
      correction: { corrects: id, direction: 'less' },
    });
    const verified = await eventually(
      20_000,
      () => world.admin('GET', '/v1/admin/ledger/verify'),
      (one) => at(one.body, 'ok') === true,
    );
    expect(verified.body).toMatchObject({ fault: null });
    const log = await world.admin('GET', '/v1/admin/audit-log?limit=5');
    expect(JSON.stringify(log.body)).toContain('break.resolve');
  });

  it('settles an unknown transaction, and is refused when it does not fit', async () => {
    const id = await buy(MAGIC.latcom.executedAnswerLost);
    const when = await moveToDay(7, [id]);
    const [found] = await breaksOf(await run(file(line(bareId(id), { at: when, currency: 'USD' }))));
    const path = `/v1/admin/breaks/${textAt(found, 'id')}`;
    expect(await world.admin('POST', `${path}/resolve`, { resolution: 'correct', reason: 'r' })).toMatchObject({
      status: 400,
      body: { code: 'validation_failed' },
    });
    expect(await world.admin('POST', `${path}/resolve`, { resolution: 'succeeded', reason: 'asked' })).toMatchObject({
      status: 200,
      body: { status: 'resolved', resolution: 'succeeded', resolvedBy: 'operator:admin' },
    });
    expect((await world.call('GET', `/v1/topups/${id}`)).body).toMatchObject({ status: 'succeeded' });
    expect((await world.admin('POST', `${path}/resolve`, { resolution: 'explained', reason: 'r' })).status).toBe(409);
    expect((await world.admin('GET', '/v1/admin/breaks/brk_nothing')).status).toBe(404);
  });

  it('needs two operators when money moves and this is configured', async () => {
    const { breakId } = await conflict(8);
    const second = { username: unique('second'), password: 'a-long-password-of-the-second' };
    await world.admin('POST', '/v1/admin/operators', { ...second, role: 'operator' });
    const strict = await startGateway({
      databaseUrl: world.database.url,
      env: { ...world.env, REQUIRE_SECOND_OPERATOR: 'true' },
    });
    const act = (verb: string, auth: Credentials, body?: object): Promise<Answer> =>
      strict.request('POST', `/v1/admin/breaks/${breakId}/${verb}`, { auth, body });
    const before = await posted();
    expect(await act('resolve', ADMIN, { resolution: 'correct', reason: 'r' })).toMatchObject({
      status: 202,
      body: { status: 'open', pending: { by: 'operator:admin' } },
    });
    expect((await act('approve', ADMIN)).status).toBe(403);
    expect(await posted()).toBe(before);
    expect(await act('approve', second)).toMatchObject({ status: 200, body: { status: 'resolved' } });
    expect(await posted()).toBe(before - 10);
    expect((await act('reject', second)).status).toBe(409);
    await strict.stop();
  });

  it('closes many breaks of a class at once, only as explained', async () => {
    const day = new Date(Date.UTC(2026, 0, 9, 12));
    const done = await run(file(...Array.from({ length: 30 }, () => line(newUuid(), { at: day }))));
    expect(done).toMatchObject({ counts: { missing_in_ledger: 30 } });
    const filter = { class: 'missing_in_ledger', reconciliationId: at(done, 'id') };
    const bulk = (resolution: string): Promise<Answer> =>
      world.admin('POST', '/v1/admin/breaks/resolve', { filter, resolution, reason: 'those of the other system' });
    expect((await bulk('correct')).status).toBe(400);
    expect(await bulk('explained')).toMatchObject({ status: 200, body: { resolved: 30 } });
    expect((await bulk('explained')).body).toEqual({ resolved: 0 });
  });

  it('closes the filtered breaks of a class: by amount, unit and age', async () => {
    const day = new Date(Date.UTC(2026, 0, 10, 12));
    const strange = (amount: string, currency: string): string => line(newUuid(), { at: day, amount, currency });
    const done = await run(file(strange('5.00', 'MXN'), strange('5.01', 'MXN'), strange('1.00', 'USD')));
    const ofRun = { class: 'missing_in_ledger', reconciliationId: at(done, 'id') };
    const bulk = (filter: object, reason = 'too small to ask for'): Promise<Answer> =>
      world.admin('POST', '/v1/admin/breaks/resolve', {
        filter: { ...ofRun, ...filter },
        resolution: 'explained',
        reason,
      });
    const now = new Date().toISOString();
    expect(await bulk({ amountAtMost: '5.00' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/filter/unit' }] },
    });
    expect((await bulk({ amountAtMost: '5.001', unit: 'MXN' })).status).toBe(400);
    expect((await bulk({}, ' ')).status).toBe(400);
    expect((await bulk({ createdTo: at(done, 'createdAt') })).body).toEqual({ resolved: 0 });
    expect((await bulk({ amountAtMost: '5.00', unit: 'MXN', createdTo: now })).body).toEqual({ resolved: 1 });
    const listed = await world.admin(
      'GET',
      '/v1/admin/breaks?status=open&class=missing_in_ledger&unit=MXN&amountAtMost=5.01',
    );
    expect(at(listed.body, 'data')).toMatchObject([{ amountAtRisk: { value: '5.01', unit: 'MXN' } }]);
    expect((await bulk({ createdFrom: at(done, 'createdAt') })).body).toEqual({ resolved: 2 });
  });
});

it('the break of a missing line is replaced by its difference when a later statement has the line', async () => {
  const [id, seen] = [await buy(), await buy()];
  const day = await moveToDay(20, [id, seen]);
  const first = await run(file(line(bareId(seen), { at: new Date(day.getTime() + 1_000) })));
  const [missing] = await breaksOf(first);
  expect(missing).toMatchObject({ class: 'missing_at_provider', transactionId: id, nextCheckBy: 'next_statement' });
  const later = await run(file(line(bareId(id), { at: day, amount: '20.00' }), line(bareId(seen), { at: day })));
  expect(await breaksOf(later)).toMatchObject([{ class: 'amount_mismatch', status: 'open', transactionId: id }]);
  expect((await world.admin('GET', `/v1/admin/breaks/${textAt(missing, 'id')}`)).body).toMatchObject({
    status: 'resolved',
    resolution: 'superseded',
    resolvedBy: 'gateway',
  });
});

it('two lines of one execution are two breaks, even with different ids', async () => {
  const { body } = await world.call('POST', '/v1/accruals', accrual(), { prefer: 'wait=15' });
  const [id, theirs] = [textAt(body, 'id'), textAt(body, 'providerReference')];
  const day = await moveToDay(21, [id]);
  const rows = [bareId(id), ''].map((ours) => `${theirs},${ours},,,3000,${day.toISOString()}`);
  const done = await run(['latamAccrualId,partnerAccrualId,partnerTransactionId,ffn,points,date', ...rows].join('\n'), {
    provider: 'latam-pass',
  });
  expect(done).toMatchObject({ lines: 2, counts: { duplicate_at_provider: 1 } });
  expect(await breaksOf(done)).toMatchObject([
    {
      class: 'duplicate_at_provider',
      transactionId: id,
      amountAtRisk: { value: '3000', unit: 'LATAM_PASS_POINTS' },
      providerRecord: { line: 3, providerReference: theirs },
    },
  ]);
});

describe('a reconciliation without a statement', () => {
  it('queries the provider for all open transactions, and ends when it has answered', async () => {
    const begun = await world.admin('POST', '/v1/admin/reconciliations', { provider: 'latam-pass', kind: 'status' });
    expect(begun.status).toBe(202);
    expect(await completed(begun)).toMatchObject({ counts: { asked: 0, unanswered: 0 } });
  });

  it('queries an accrual that was never notified, long before its next status query', async () => {
    const body = accrual({ member: { ffn: MAGIC.latamPass.neverNotified } });
    const id = textAt((await world.call('POST', '/v1/accruals', body, { prefer: 'wait=0' })).body, 'id');
    await accrualOnce(world, id, ['processing'], 15_000);
    await eventually(
      20_000,
      () => accrualEffects(world, id),
      ([effect]) => at(effect, 'outcome') === 'PROCESSED',
    );
    const begun = await world.admin('POST', '/v1/admin/reconciliations', { provider: 'latam-pass', kind: 'status' });
    expect(await completed(begun)).toMatchObject({ counts: { asked: 1, unanswered: 0 } });
    expect(await accrualOnce(world, id, ['succeeded'], 15_000)).toMatchObject({ status: 'succeeded' });
  }, 60_000);

  it('finds the balance that purchases do not explain, and only that', async () => {
    const from = new Date().toISOString();
    const look = (): Promise<Answer> => world.admin('GET', '/v1/admin/providers/latcom/balance?refresh=true');
    const check = async (): Promise<unknown> =>
      completed(await world.admin('POST', '/v1/admin/reconciliations', { provider: 'latcom', kind: 'balance', from }));
    await look();
    await buy();
    await look();
    expect(await check()).toMatchObject({ counts: { unexplained_balance: 0 } });
    const { body } = await look();
    const left = Number(at(body, 'current', 'balance'));
    await fetch(`${world.sandbox.url}/_sandbox/float`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ usd: (left - 50).toFixed(2) }),
    });
    await look();
    const done = await check();
    expect(done).toMatchObject({ counts: { unexplained_balance: 1 } });
    expect(await breaksOf(done)).toMatchObject([
      { class: 'unexplained_balance', amountAtRisk: { unit: 'USD', value: expect.stringMatching(/^(49|50)\.\d\d$/) } },
    ]);
  });

  it.each([
    [{ provider: 'loyalty-layer', kind: 'balance' }, '/provider'],
    [{ provider: 'latcom', kind: 'statement' }, '/file'],
    [{ provider: 'latcom', kind: 'guess' }, '/kind'],
  ])('is refused with %j', async (body, pointer) => {
    expect(await world.admin('POST', '/v1/admin/reconciliations', body)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer }] },
    });
  });
});
