import { textAt, type Answer } from '../../support/http.js';
import { unique } from '../../support/ids.js';
import { sql, tablesWith } from '../../support/sql.js';
import { accrual, startWorld, topup, type World } from '../../support/world.js';

/* What the routes of endpoints and events refuse, and what they never show. */

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

type Call = (method: string, path: string, body?: unknown) => Promise<Answer>;

async function newApp(): Promise<Call> {
  const auth = await world.createApp();
  return (method, path, body) =>
    world.gateway().request(method, path, {
      auth,
      body,
      headers: method === 'GET' ? {} : { 'idempotency-key': unique('key'), prefer: 'wait=10' },
    });
}

const host = (): string => `${unique('host')}.example.com`.toLowerCase();

it('an eleventh endpoint is refused, also when twenty are asked for at once', async () => {
  const call = await newApp();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => call('POST', '/v1/webhook-endpoints', { url: `https://${host()}/` })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([
    ...Array<number>(10).fill(201),
    ...Array<number>(10).fill(409),
  ]);
});

it('a second endpoint with the same URL is refused, however it is written', async () => {
  const call = await newApp();
  const name = host();
  const made = await call('POST', '/v1/webhook-endpoints', { url: `https://${name}/hook` });
  expect(made.status).toBe(201);
  const same = ['/hook', ':443/hook', '/hook/', './hook', '/a/../hook'].map((rest) => `https://${name}${rest}`);
  for (const url of [...same, `HTTPS://${name.toUpperCase()}/hook`]) {
    expect([url, (await call('POST', '/v1/webhook-endpoints', { url })).status]).toEqual([url, 409]);
  }
  const other = await call('POST', '/v1/webhook-endpoints', { url: `https://${name}/Hook` });
  expect(other.status).toBe(201);
  const path = `/v1/webhook-endpoints/${textAt(other.body, 'id')}`;
  expect((await call('PATCH', path, { url: `https://${name}:443/hook` })).status).toBe(409);
  // Its own URL in another spelling is no second endpoint, and another app may use it.
  expect((await call('PATCH', path, { url: `https://${name}/Hook/` })).status).toBe(200);
  expect((await (await newApp())('POST', '/v1/webhook-endpoints', { url: `https://${name}/hook` })).status).toBe(201);
});

it.each<[string, unknown]>([
  ['an unknown type', { types: ['transaction.exploded'] }],
  ['a type of operators', { types: ['ops.ledger.head'] }],
  ['no type', { types: [] }],
  ['a type twice', { types: ['transaction.failed', 'transaction.failed'] }],
  ['types that are no list', { types: 'transaction.failed' }],
  ['an object as a type', { types: [{ type: 'transaction.failed' }] }],
  ['1,000 types', { types: Array<string>(1_000).fill('transaction.failed') }],
  ['a description that is too long', { description: 'a'.repeat(201) }],
  ['an unknown member', { secret: 'whsec_c2VjcmV0' }],
  ['a URL that is no text', { url: ['https://example.com/'] }],
  ['a URL that is too long', { url: `https://example.com/${'a'.repeat(50_000)}` }],
  ['a URL with a line break', { url: 'https://example.com/\r\nhost: internal' }],
])('%s is refused with 400', async (_title, changes) => {
  const body = { url: `https://${host()}/`, ...(changes as object) };
  const answer = await (await newApp())('POST', '/v1/webhook-endpoints', body);
  expect([answer.status, textAt(answer.body, 'code')]).toEqual([400, 'validation_failed']);
});

it.each([null, 'transaction.failed', {}])('types that are no list (%j) have one fault', async (types) => {
  const answer = await (await newApp())('POST', '/v1/webhook-endpoints', { url: `https://${host()}/`, types });
  expect(answer.body).toMatchObject({
    errors: [{ pointer: '/types', message: expect.stringMatching(/^must be a list of event types out of /) as string }],
  });
  expect((answer.body as { errors: object[] }).errors).toHaveLength(1);
});

it('a body above the limit of the routes is refused before it is read', async () => {
  const answer = await (await newApp())('POST', '/v1/webhook-endpoints', { url: 'a'.repeat(100_000) });
  expect([answer.status, textAt(answer.body, 'code')]).toEqual([413, 'payload_too_large']);
});

it('an event of another app is no place in the feed, and neither is an unknown one', async () => {
  const [one, other] = [await newApp(), await newApp()];
  const bought = await one('POST', '/v1/topups', topup());
  const timeline = await one('GET', `/v1/transactions/${textAt(bought.body, 'id')}/events`);
  const { data } = timeline.body as { data: { id: string }[] };
  const after = `/v1/events?after=${data[0]?.id}`;
  expect((await one('GET', after)).status).toBe(200);
  for (const answer of [
    await other('GET', after),
    await one('GET', '/v1/events?after=evt_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11'),
    await one('GET', '/v1/events?after=evt_1'),
    await one('GET', '/v1/events?types=transaction.exploded'),
  ]) {
    expect([answer.status, textAt(answer.body, 'code')]).toEqual([400, 'validation_failed']);
  }
});

it('a secret is shown once: by no other answer, line of the audit log, row or log', async () => {
  const call = await newApp();
  const made = await call('POST', '/v1/webhook-endpoints', { url: `https://${host()}/` });
  const path = `/v1/webhook-endpoints/${textAt(made.body, 'id')}`;
  const rotated = await call('POST', `${path}/rotate-secret`, {});
  const secrets = [made, rotated].map(({ body }) => textAt(body, 'secret'));
  for (const secret of secrets) expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const others = [
    await call('GET', path),
    await call('GET', '/v1/webhook-endpoints'),
    await call('PATCH', path, { description: 'Bookings' }),
    await call('GET', `${path}/deliveries`),
    await world.admin('GET', '/v1/admin/audit-log?limit=100'),
    await world.admin('GET', '/v1/admin/webhook-endpoints'),
    await call('POST', '/v1/accruals', accrual()),
  ];
  expect(others.filter(({ body }) => /whsec_|"secret"/.test(JSON.stringify(body)))).toEqual([]);
  expect(
    await tablesWith(world, secrets.map((secret) => secret.slice(6, 40).replaceAll('+', '\\+')).join('|')),
  ).toEqual([]);
  const [stored] = await sql(
    world,
    `select secret, previous_secrets[1] as previous from webhook_endpoints where 'whep_' || id = $1`,
    [textAt(made.body, 'id')],
  );
  for (const [index, sealed] of [stored?.['previous'], stored?.['secret']].entries()) {
    expect(Buffer.isBuffer(sealed) && !sealed.includes(secrets[index]?.slice(6) ?? '')).toBe(true);
  }
  const log = world.gateway().output();
  expect(log).toContain('/v1/webhook-endpoints');
  expect(log).not.toMatch(/whsec_/);
});
