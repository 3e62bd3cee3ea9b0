/** The time after an answer within which a gateway has recorded it. A kill within it explains that it is sent again. */
const RECORD_MS = 1_500;
/** Deliveries that a new endpoint may have in flight before its first failure is known. */
const WINDOW = 8;
const BURST_MS = 3_000;
/** The shortest pauses of the ladder of an endpoint that is down: 20 % less than 5 s, 30 s, 2 min, 5 min, 15 min. */
const SHORTEST_MS = [4_000, 24_000, 96_000, 240_000, 720_000];

/** The events of each endpoint as the ledger has them, by event id. */
async function subscribed(client, endpoint) {
  const { rows } = await client.query(
    `select 'evt_' || e.id as id, e.transaction_id as transaction, e.seq
     from transaction_events e join webhook_endpoints p on p.app_id = e.app_id
     where 'whep_' || p.id = $1 and event_type(e.to_status, e.evidence) = any(p.types)`,
    [endpoint.id],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** Compares what the receivers got with the ledger. `feeds` has the text of each event, by app and id. */
export async function webhookViolations({ client, endpoints, feeds, kills, startedAt }) {
  const found = [];
  for (const endpoint of endpoints) {
    const { receiver } = endpoint;
    const events = await subscribed(client, endpoint);
    const say = (text) => found.push(`${receiver.kind} ${endpoint.id}: ${text}`);
    for (const id of receiver.badSignatures) say(`${id} has a signature that does not verify`);
    if (receiver.followedRedirects > 0) say(`${receiver.followedRedirects} redirects were followed`);
    for (const { id, body } of receiver.attempts) {
      if (!events.has(id)) say(`${id} is INVENTED: no event of the app and of a subscribed type`);
      else if (feeds.get(endpoint.app).get(id) !== body) say(`${id} has another body than in the feed: ${body}`);
    }
    if (receiver.kind === 'dead') unsteady(receiver, startedAt).forEach(say);
    else [...lost(receiver, events), ...disordered(receiver, events), ...doubled(receiver, kills)].forEach(say);
  }
  return found;
}

function firstSuccesses({ attempts }) {
  const first = new Map();
  for (const [index, { id, ok }] of attempts.entries()) if (ok && !first.has(id)) first.set(id, index);
  return first;
}

function lost(receiver, events) {
  const taken = firstSuccesses(receiver);
  return [...events.keys()].filter((id) => !taken.has(id)).map((id) => `${id} is LOST: it never arrived`);
}

/** Events of one transaction must arrive in their order. */
function disordered(receiver, events) {
  const latest = new Map();
  return [...firstSuccesses(receiver).keys()].flatMap((id) => {
    const event = events.get(id);
    if (!event) return [];
    const before = latest.get(event.transaction) ?? 0;
    latest.set(event.transaction, Math.max(before, event.seq));
    return event.seq < before ? [`${id} arrived after a later event of its transaction`] : [];
  });
}

/** An event that was taken is sent again only when a gateway was killed before it had recorded the answer. */
function doubled({ attempts }, kills) {
  const taken = new Map();
  return attempts.flatMap((attempt) => {
    const before = taken.get(attempt.id);
    if (attempt.ok) taken.set(attempt.id, attempt);
    if (!before) return [];
    const until = (before.answeredAt ?? before.at) + RECORD_MS;
    const isExplained = kills.some((at) => at >= before.at && at <= until);
    return isExplained ? [] : [`${attempt.id} was sent again without a failure or a kill`];
  });
}

/** A dead endpoint gets one probe a step, whatever waits. */
function unsteady({ attempts }, startedAt) {
  const [first] = attempts;
  if (!first) return ['it got no probe at all'];
  const burst = attempts.filter(({ at }) => at - first.at < BURST_MS);
  const probes = attempts.slice(burst.length);
  let steps = 0;
  for (let at = first.at; at < Date.now(); steps += 1) at += SHORTEST_MS[Math.min(steps, SHORTEST_MS.length - 1)];
  const found = burst.length > WINDOW ? [`${burst.length} requests before the first failure was known`] : [];
  if (probes.length > steps) found.push(`${probes.length} probes in ${steps} steps since ${startedAt}`);
  const close = probes.filter(({ at }, index) => index > 0 && at - probes[index - 1].at < SHORTEST_MS[0]);
  return [...found, ...close.map(({ id, at }) => `the probe ${id} at ${at} came too early`)];
}
