import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textAt } from '../../support/http.js';
import { eventually } from '../../support/wait.js';
import { startWebhookReceiver, type ReceivedWebhook } from '../../support/webhook-receiver.js';
import { startWorld, topup, type World } from '../../support/world.js';

/* Runs the code of the partner guide, as a partner would paste it, against what the gateway really sends. */

const GUIDE = join(import.meta.dirname, '..', '..', '..', 'docs', 'webhooks.md');
const RUN = `
import { readFileSync } from 'node:fs';
import { verify } from './verify.mjs';
const { body, headers, secret } = JSON.parse(readFileSync(0, 'utf8'));
try {
  console.log(JSON.stringify({ event: verify(Buffer.from(body), headers, secret) }));
} catch (error) {
  console.log(JSON.stringify({ error: error.message }));
}`;
const folder = mkdtempSync(join(tmpdir(), 'guide-'));

let world: World;

beforeAll(async () => {
  world = await startWorld();
  const code = /```js\n([^]*?)\n```/.exec(readFileSync(GUIDE, 'utf8'))?.[1] ?? '';
  writeFileSync(join(folder, 'verify.mjs'), code);
  writeFileSync(join(folder, 'run.mjs'), RUN);
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true }));

/** The result of the guide's `verify`, in a process of its own. */
function verify({ body, headers }: Pick<ReceivedWebhook, 'body' | 'headers'>, secret: string): unknown {
  const input = JSON.stringify({ body, headers, secret });
  return JSON.parse(execFileSync(process.execPath, [join(folder, 'run.mjs')], { input, encoding: 'utf8' }));
}

it('the Node code accepts deliveries, with either secret during a rotation, and refuses everything else', async () => {
  const receiver = await startWebhookReceiver();
  const endpoint = await world.call('POST', '/v1/webhook-endpoints', { url: receiver.url });
  const secret = textAt(endpoint.body, 'secret');
  const rotated = await world.call('POST', `/v1/webhook-endpoints/${textAt(endpoint.body, 'id')}/rotate-secret`, {});
  const nextSecret = textAt(rotated.body, 'secret');
  await world.call('POST', '/v1/topups', topup());
  const [webhook] = await eventually(
    15_000,
    () => Promise.resolve(receiver.received),
    (all) => all.length > 0,
  );
  receiver.close();
  if (!webhook) throw new Error('nothing arrived');

  expect(verify(webhook, secret)).toEqual({ event: webhook.event });
  expect(verify(webhook, nextSecret)).toEqual({ event: webhook.event });
  const wrong = { error: 'wrong signature' };
  expect(verify({ ...webhook, body: webhook.body.replace('"final":true', '"final":false') }, secret)).toEqual(wrong);
  expect(verify(webhook, `whsec_${Buffer.alloc(32).toString('base64')}`)).toEqual(wrong);
  const unsigned = { ...webhook, headers: { ...webhook.headers, 'webhook-signature': 'v1,' } };
  expect(verify(unsigned, secret)).toEqual(wrong);
  const minuteLater = String(Number(webhook.headers['webhook-timestamp']) + 60);
  const moved = { ...webhook, headers: { ...webhook.headers, 'webhook-timestamp': minuteLater } };
  expect(verify(moved, secret)).toEqual(wrong);
  for (const timestamp of [String(Number(minuteLater) - 7 * 60), 'x', '']) {
    const headers = { ...webhook.headers, 'webhook-timestamp': timestamp };
    expect(verify({ ...webhook, headers }, secret)).toEqual({ error: 'too old or too new' });
  }
}, 60_000);
