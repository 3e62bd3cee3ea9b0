import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { newId } from './sandbox-clients.js';
import { at, keys, SandboxProcess, type Seen } from './sandbox-process.js';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const NEXT_SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const MINUTE_MS = 60_000;

let sandbox: SandboxProcess;

beforeAll(async () => {
  sandbox = await SandboxProcess.start();
});

afterAll(() => SandboxProcess.endAll());

interface Sent {
  readonly id?: string;
  readonly secret?: string;
  readonly signedAt?: Date;
  readonly body?: string;
  /** What arrives in place of the signed body. */
  readonly changedTo?: string;
}

const pathOf = (name: string): string => `/_sandbox/webhook-receiver/${name}`;

/** Sends a webhook that is signed as the gateway signs it. */
function post(name: string, sent: Sent = {}): Promise<Seen> {
  const {
    id = `evt_${newId()}`,
    secret = SECRET,
    signedAt = new Date(),
    body = '{"type":"transaction.failed"}',
  } = sent;
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(signedAt.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, signedAt, body),
  };
  return sandbox.request('POST', pathOf(name), headers, sent.changedTo ?? body);
}

/** A receiver of its own that knows the secret. */
async function newReceiver(settings: object = {}): Promise<string> {
  const name = `of-${newId()}`.slice(0, 40);
  const answer = await sandbox.send('PUT', pathOf(name), {}, { secrets: [SECRET], ...settings });
  expect(answer).toMatchObject({ status: 200, body: { name } });
  return name;
}

const received = async (name: string): Promise<unknown> => at((await sandbox.get(pathOf(name))).body, 'received');

describe('a receiver of webhooks', () => {
  it('verifies a signed request and shows its body parsed, without the secret', async () => {
    const name = await newReceiver();
    expect((await post(name, { id: 'evt_1' })).status).toBe(204);
    const shown = await sandbox.get(pathOf(name));
    expect(shown.body).toEqual({
      name,
      secrets: 1,
      fail: null,
      received: [
        {
          at: expect.stringMatching(/^\d{4}-.*Z$/),
          webhookId: 'evt_1',
          verified: true,
          problem: null,
          duplicate: false,
          answered: 204,
          body: { type: 'transaction.failed' },
        },
      ],
    });
    expect(shown.text).not.toContain(SECRET);
  });

  it.each<[string, Sent, string]>([
    ['a changed body', { changedTo: '{"type":"transaction.succeeded"}' }, 'No matching signature found'],
    ['another secret', { secret: NEXT_SECRET }, 'No matching signature found'],
    ['an old timestamp', { signedAt: new Date(Date.now() - 6 * MINUTE_MS) }, 'Message timestamp too old'],
    ['a timestamp ahead', { signedAt: new Date(Date.now() + 6 * MINUTE_MS) }, 'Message timestamp too new'],
    ['a long id', { id: 'x'.repeat(257) }, 'no usable header: webhook-id'],
  ])('refuses %s, and says so', async (_what, sent, problem) => {
    const name = await newReceiver();
    expect(await post(name, sent)).toMatchObject({ status: 401, body: { problem } });
    expect(await received(name)).toMatchObject([{ verified: false, problem, answered: 401 }]);
  });

  it('accepts either secret during a rotation', async () => {
    const name = await newReceiver({ secrets: [NEXT_SECRET, SECRET] });
    expect([(await post(name)).status, (await post(name, { secret: NEXT_SECRET })).status]).toEqual([204, 204]);
  });

  it('marks a request whose id came before, whatever the first one was answered', async () => {
    const name = await newReceiver({ fail: { mode: 'status', status: 503, count: 1, retryAfterSeconds: 7 } });
    expect((await post(name, { id: 'evt_1' })).status).toBe(503);
    expect((await post(name, { id: 'evt_1' })).status).toBe(204);
    expect((await post(name, { id: 'evt_2' })).status).toBe(204);
    expect(await received(name)).toMatchObject([
      { webhookId: 'evt_1', duplicate: false, answered: 503, verified: true },
      { webhookId: 'evt_1', duplicate: true, answered: 204, verified: true },
      { webhookId: 'evt_2', duplicate: false, answered: 204, verified: true },
    ]);
  });

  it('takes requests before it has a secret, unverified, and texts that are no JSON', async () => {
    const name = `new-${newId()}`;
    expect((await sandbox.request('POST', pathOf(name), { 'content-type': 'text/plain' }, 'hello')).status).toBe(204);
    const problem = 'no secret is set for this receiver';
    expect(await received(name)).toMatchObject([{ verified: false, webhookId: null, problem, body: 'hello' }]);
    expect((await sandbox.request('DELETE', pathOf(name), {})).body).toEqual({ cleared: 1 });
    expect(await received(name)).toEqual([]);
  });
});

describe('a receiver that fails on demand', () => {
  it.each<[object, number]>([
    [{ mode: 'status', status: 429 }, 429],
    [{ mode: 'status' }, 503],
    [{ mode: 'gone' }, 410],
    [{ mode: 'redirect' }, 307],
    [{ mode: 'drop' }, 0],
    [{ mode: 'hang' }, 0],
  ])('%j', async (failure, status) => {
    const name = await newReceiver({ fail: failure });
    expect((await post(name)).status).toBe(status);
    await sandbox.send('PUT', pathOf(name), {}, { fail: null });
    expect((await post(name)).status).toBe(204);
  });

  it('slow: answers late, and refuses what it would refuse', async () => {
    const name = await newReceiver({ fail: { mode: 'slow', delayMs: 300, count: 2 } });
    const startedAt = performance.now();
    expect([(await post(name)).status, (await post(name, { changedTo: '{}' })).status]).toEqual([204, 401]);
    expect(performance.now() - startedAt).toBeGreaterThan(590);
    expect((await post(name)).status).toBe(204);
  });
});

describe('bad input and bounds', () => {
  it.each<[string, string]>([
    ['[]', 'body'],
    ['{', 'body'],
    ['{"secret":"x"}', 'secret'],
    ['{"secrets":"whsec_x"}', 'secrets'],
    ['{"secrets":["whsec_x"]}', 'secrets'],
    ['{"secrets":null}', 'secrets'],
    [JSON.stringify({ secrets: Array.from({ length: 6 }, () => `whsec_${'AAAA'.repeat(8)}`) }), 'secrets'],
    ['{"fail":"503"}', 'fail'],
    ['{"fail":[]}', 'fail'],
    ['{"fail":{"mode":"explode"}}', 'fail.mode'],
    ['{"fail":{"mode":"status","status":200}}', 'fail.status'],
    ['{"fail":{"mode":"status","count":0}}', 'fail.count'],
    ['{"fail":{"mode":"gone","status":503}}', 'fail.status'],
    ['{"fail":{"mode":"hang","delayMs":5}}', 'fail.delayMs'],
    ['{"fail":{"mode":"slow","delayMs":1e9}}', 'fail.delayMs'],
  ])('PUT %s names %s', async (body, member) => {
    const answer = await sandbox.request('PUT', pathOf('bad'), { 'content-type': 'application/json' }, body);
    expect([answer.status, keys(at(answer.body, 'problems'))]).toEqual([400, [member]]);
  });

  it.each(['GET', 'POST', 'PUT', 'DELETE'])('%s refuses a name that is none', async (method) => {
    const body = method === 'PUT' ? '{}' : undefined;
    const answer = await sandbox.request(method, pathOf('a%20b'), { 'content-type': 'application/json' }, body);
    expect(answer).toMatchObject({ status: 400, body: { problems: { name: expect.any(String) } } });
  });

  it('keeps the last 50 requests, no long body, and 100 receivers', async () => {
    const small = await SandboxProcess.start();
    const send = (name: string, body: string): Promise<Seen> => small.request('POST', pathOf(name), {}, body);
    for (let count = 0; count < 55; count += 1) await send('n0', String(count));
    const kept = at((await small.get(pathOf('n0'))).body, 'received');
    expect([at(kept, 0, 'body'), Array.isArray(kept) && kept.length]).toEqual([5, 50]);
    expect((await send('n0', 'é'.repeat(8_193))).status).toBe(413);
    expect(at((await small.get(pathOf('n0'))).body, 'received', 49)).toMatchObject({ body: null, answered: 413 });
    for (let count = 1; count < 100; count += 1) expect((await send(`n${count}`, '')).status).toBe(204);
    expect(await send('n100', '')).toMatchObject({ status: 400, body: { problems: { name: expect.any(String) } } });
    await small.request('POST', '/_sandbox/reset', {});
    expect((await send('n100', '')).status).toBe(204);
    await small.end();
  });
});
