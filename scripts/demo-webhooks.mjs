import { setTimeout as sleep } from 'node:timers/promises';

/** The part of `npm run demo` that shows webhooks: the sandbox receives them as a partner would. */

/** Marks the endpoints of earlier runs, which a new run replaces. */
const DESCRIPTION = 'npm run demo';
/** The first probe of an endpoint that is down comes after about 5 s. */
const PATIENCE_MS = 30_000;
const RECEIVERS = [
  { name: 'demo', settings: {} },
  { name: 'demo-recovers', settings: { fail: { mode: 'status', status: 503, count: 1 } } },
];

/**
 * Registers two receivers of the sandbox as endpoints of the app: one that works, and one that answers 503 first. Returns
 * null if no sandbox answers at the URL. `call` sends a request to the gateway as the app.
 */
export async function registerReceivers(sandboxUrl, call) {
  const isThere = await fetch(`${sandboxUrl}/_sandbox/health`).then(
    ({ ok }) => ok,
    () => false,
  );
  if (!isThere) return null;
  const { data } = await call('GET', '/v1/webhook-endpoints?limit=100');
  const earlier = data.filter(({ description }) => description === DESCRIPTION);
  for (const { id } of earlier) await call('DELETE', `/v1/webhook-endpoints/${id}`);
  for (const { name, settings } of RECEIVERS) {
    const url = `${sandboxUrl}/_sandbox/webhook-receiver/${name}`;
    await control('DELETE', url);
    const { secret } = await call('POST', '/v1/webhook-endpoints', { url, description: DESCRIPTION });
    await control('PUT', url, { secrets: [secret], ...settings });
  }
  return sandboxUrl;
}

/** The requests that the receivers got, as soon as each of them has taken `count` events. */
export async function receivedBy(sandboxUrl, count) {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const all = await Promise.all(RECEIVERS.map(({ name }) => requestsOf(sandboxUrl, name)));
    const isComplete = all.every((requests) => requests.filter(({ answered }) => answered === 204).length >= count);
    if (isComplete) return all.flat();
    if (performance.now() > giveUpAt) throw new Error('the webhooks did not arrive within 30 s');
    await sleep(200);
  }
}

async function requestsOf(sandboxUrl, name) {
  const { received } = await control('GET', `${sandboxUrl}/_sandbox/webhook-receiver/${name}`);
  return received.map(({ at, webhookId, verified, duplicate, answered, body }) => ({
    receiver: name,
    at: at.slice(11, 23),
    webhookId,
    type: body.type,
    verified,
    duplicate,
    answered,
  }));
}

async function control(method, url, body) {
  const answer = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`${method} ${url} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}
