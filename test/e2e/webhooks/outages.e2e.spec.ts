import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { at, textAt } from '../../support/http.js';
import { bareId } from '../../support/ids.js';
import { sqlAsOwner, withClient } from '../../support/sql.js';
import { eventually } from '../../support/wait.js';
import { arrived, newWebhookPartner, type WebhookPartner } from '../../support/webhook-partner.js';
import type { WebhookReceiver } from '../../support/webhook-receiver.js';
import { startWorld, topup, type World } from '../../support/world.js';

/* What an endpoint is sent while it is down, after that, and when it wants nothing any more. */

const SECOND_MS = 1_000;
/** From the due time of a probe to its arrival, on a busy machine. */
const LATE_MS = 500;
/** Longer than the gateway needs for a claim and an answer. */
const QUIET_MS = 1_000;

let world: World;
const receivers: WebhookReceiver[] = [];

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => {
  for (const receiver of receivers) receiver.close();
});

const newPartner = (changes: object = {}): Promise<WebhookPartner> => newWebhookPartner(world, receivers, changes);

/** Makes `count` events at once. */
async function buy({ call }: WebhookPartner, count: number): Promise<void> {
  const answers = await Promise.all(Array.from({ length: count }, () => call('POST', '/v1/topups', topup())));
  for (const { body } of answers) expect(textAt(body, 'status')).toBe('succeeded');
}

/** Milliseconds until the next probe, by the row. */
async function probeMs({ endpoint }: WebhookPartner): Promise<number> {
  const [row] = await sqlAsOwner(
    world,
    `select (extract(epoch from next_probe_at - now()) * 1000)::float8 as ms from webhook_endpoints where id = $1`,
    [bareId(endpoint)],
  );
  return Number(row?.['ms']);
}

/** Moves the next probe, and all that waits, to the present. */
async function probeNow({ endpoint }: WebhookPartner): Promise<void> {
  const values = [bareId(endpoint)];
  await sqlAsOwner(
    world,
    `update webhook_deliveries set due_at = now() where endpoint_id = $1 and due_at > now()`,
    values,
  );
  await sqlAsOwner(world, `update webhook_endpoints set next_probe_at = now() where id = $1 and failures > 0`, values);
}

it('an endpoint that is down gets one request a step, whatever waits, and then everything', async () => {
  const partner = await newPartner();
  const { receiver } = partner;
  // Slow, so that a second request would be sent beside a probe.
  receiver.answer = (response) => void setTimeout(() => response.writeHead(503).end(), 200);
  await buy(partner, 20);
  await sleep(QUIET_MS);
  const { received } = receiver;
  // The first answer begins the step.
  const downAt = (received[0]?.atMs ?? 0) + 200;
  const begun = received.filter(({ atMs }) => atMs < downAt + 3 * SECOND_MS).length;
  expect(begun).toBeGreaterThan(0);
  expect(begun).toBeLessThanOrEqual(8);

  await arrived(receiver, begun + 1);
  const pauseMs = (received[begun]?.atMs ?? 0) - downAt;
  expect(pauseMs).toBeGreaterThanOrEqual(4 * SECOND_MS);
  expect(pauseMs).toBeLessThan(6 * SECOND_MS + LATE_MS);
  // By now the pauses of all deliveries that were refused at first are over.
  await sleep(3 * SECOND_MS);
  expect(received).toHaveLength(begun + 1);

  for (const [steps, stepMs] of [30, 120, 300, 900].map(
    (seconds, index) => [index + 2, seconds * SECOND_MS] as const,
  )) {
    const waitMs = await probeMs(partner);
    expect(waitMs).toBeGreaterThan(0.8 * stepMs - 5 * SECOND_MS);
    expect(waitMs).toBeLessThanOrEqual(1.2 * stepMs);
    await probeNow(partner);
    await arrived(receiver, begun + steps);
    await sleep(QUIET_MS);
    expect(received).toHaveLength(begun + steps);
  }

  receiver.answer = (response) => response.writeHead(200).end();
  await probeNow(partner);
  const all = await arrived(receiver, begun + 5 + 20);
  expect(new Set(all.slice(begun + 5).map(({ event }) => event.id)).size).toBe(20);
  await sleep(QUIET_MS);
  expect(received).toHaveLength(begun + 25);
}, 60_000);

it('after an outage an endpoint gets 1, 2, 4 and then 8 requests at once', async () => {
  const partner = await newPartner();
  const { receiver } = partner;
  receiver.answer = (response) => response.writeHead(503).end();
  await buy(partner, 30);
  await sleep(QUIET_MS);
  const open: ServerResponse[] = [];
  receiver.answer = (response) => void open.push(response);
  await probeNow(partner);
  const seen: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    await eventually(
      5_000,
      () => Promise.resolve(open),
      ({ length }) => length >= Math.min(2 ** round, 8),
    );
    await sleep(QUIET_MS);
    seen.push(open.length);
    // One answer a round: it doubles what may be in progress.
    open.shift()?.writeHead(200).end();
  }
  expect(seen).toEqual([1, 2, 4, 8, 8, 8]);
  receiver.answer = (response) => response.writeHead(200).end();
  for (const response of open) response.writeHead(200).end();
  await eventually(
    10_000,
    () => partner.deliveries('status=delivered&limit=100'),
    ({ length }) => length === 30,
  );
}, 45_000);

async function disabledReason({ call, endpoint }: WebhookPartner): Promise<unknown> {
  return at((await call('GET', `/v1/webhook-endpoints/${endpoint}`)).body, 'disabledReason');
}

async function auditLines({ endpoint }: WebhookPartner): Promise<unknown[]> {
  const { body } = await world.admin('GET', '/v1/admin/audit-log?limit=100');
  const { data } = body as { data: { action: string; target: string }[] };
  return data.filter(({ action, target }) => action === 'webhook_endpoint.disable' && target === endpoint);
}

/** The connections of the gateway that wait for a lock. */
const WAITING = `from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;

/** Kills the gateway between the answers and the commit that notes them, and starts it again. */
async function crashBeforeCommit({ endpoint }: WebhookPartner, answerAll: () => void): Promise<void> {
  await withClient(world.database.adminUrl, async (client) => {
    await client.query('begin');
    await client.query('select from webhook_endpoints where id = $1 for update', [bareId(endpoint)]);
    answerAll();
    await eventually(
      5_000,
      async () => (await client.query(`select pid ${WAITING}`)).rowCount ?? 0,
      (count) => count > 0,
    );
    await world.crash();
    // PostgreSQL would finish the statements of the dead gateway.
    const ended = await client.query(`select pg_terminate_backend(pid) ${WAITING}`);
    expect(ended.rowCount).toBeGreaterThan(0);
    await client.query('rollback');
  });
}

/** Kills the gateway just after that commit, and starts it again. */
async function crashAfterCommit({ endpoint }: WebhookPartner, answerAll: () => void): Promise<void> {
  answerAll();
  const text = 'select from webhook_endpoints where id = $1 and disabled_at is not null';
  const giveUpAt = Date.now() + 5 * SECOND_MS;
  while ((await sqlAsOwner(world, text, [bareId(endpoint)])).length === 0 && Date.now() < giveUpAt) await sleep(1);
  await world.crash();
}

it.each([
  ['before', crashBeforeCommit, null],
  ['after', crashAfterCommit, 'gone'],
] as const)(
  'an endpoint that answered 410 ends disabled when the gateway is killed %s the commit',
  async (...row) => {
    const [, crash, reasonAtFirst] = row;
    const partner = await newPartner();
    const { receiver } = partner;
    const open: ServerResponse[] = [];
    receiver.answer = (response) => void open.push(response);
    await buy(partner, 10);
    await arrived(receiver, 8);
    await crash(partner, () => {
      receiver.answer = (response) => response.writeHead(410).end();
      for (const response of open) response.writeHead(410).end();
    });
    expect(await disabledReason(partner)).toBe(reasonAtFirst);
    expect(await auditLines(partner)).toHaveLength(reasonAtFirst ? 1 : 0);
    // The leases of the dead gateway end.
    await probeNow(partner);
    await eventually(
      10_000,
      () => disabledReason(partner),
      (reason) => reason === 'gone',
    );
    const sent = receiver.received.length;
    expect(sent).toBe(reasonAtFirst ? 8 : 16);
    await buy(partner, 2);
    await probeNow(partner);
    await sleep(QUIET_MS);
    expect(receiver.received).toHaveLength(sent);
    expect(await auditLines(partner)).toHaveLength(1);
  },
  60_000,
);
