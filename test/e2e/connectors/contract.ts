import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';
import { transactionEvents } from '../../support/accruals.js';
import { foundInDatabase } from '../../support/canaries.js';
import { answered, json } from '../../support/faulty-proxy.js';
import { at, textAt } from '../../support/http.js';
import { metric } from '../../support/metrics.js';
import { eventually } from '../../support/wait.js';
import { Bench, type Submitted } from './bench.js';
import type { Connector, Person } from './connector.js';
import { doubtfulAnswers } from './doubtful-answers.js';

/** No other person of the tests has a name with these initials, so that masked remains of this one can be found. */
const ERASED: Person = { number: 4711, firstName: 'Zoraida', lastName: 'Quispe', email: 'zoraida@quispe.example' };
const NOTE = 'asked for by the one who is forgotten';

let people = 1000;

function someone(): Person {
  people += 1;
  return { number: people, firstName: 'Ana', lastName: `Souza-${people}`, email: `ana.${people}@example.com` };
}

/** Every text in a value, by its path. */
function texts(value: unknown, path = ''): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => texts(member, `${path}/${name}`));
}

/** The suite that every connector must pass. */
export function itKeepsTheContract(connector: Connector): void {
  const { name, location, member, recognizesRepeats } = connector;
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start(connector);
  }, 120_000);

  afterAll(() => bench.proxy.close());

  const order = (): ReturnType<Connector['order']> => connector.order(someone());

  describe(`${name}: an operation that the provider executes`, () => {
    it('succeeds, and is sent and executed once', async () => {
      const submitted = await bench.submit(order());
      const transaction = await bench.once(submitted, 'succeeded', 'failed', 'unknown');
      expect(transaction).toMatchObject({ status: 'succeeded', provider: name, failure: null });
      expect(textAt(transaction, 'providerReference')).not.toBe('');
      expect([bench.sent(submitted).length, await bench.executions(submitted)]).toEqual([1, 1]);
    });

    it('has a Location that returns it', async () => {
      const { answer, id } = await bench.submit(order());
      expect(answer.headers['location']).toBe(`${location}/${id}`);
      expect(await bench.world.call('GET', answer.headers['location'] ?? '')).toMatchObject({
        status: 200,
        body: { id },
      });
    });

    it('shows its details in its own member and in both exports', async () => {
      const submitted = await bench.submit(order());
      const shown = texts(at(await bench.once(submitted, 'succeeded'), member));
      const exported = async (accept: string): Promise<string> =>
        String((await bench.world.call('GET', `/v1/transactions/export?provider=${name}`, undefined, { accept })).body);
      const line = (await exported('application/x-ndjson')).split('\n').find((text) => text.includes(submitted.id));
      const detail = at(JSON.parse(line ?? 'null'), member);
      // An export may omit entitlements, which are worth money.
      expect(texts(detail)).not.toEqual([]);
      expect(shown).toEqual(expect.arrayContaining(texts(detail)));
      const rows = parse<Record<string, string>>(await exported('text/csv'), { columns: true });
      expect(JSON.parse(rows.find(({ id }) => id === submitted.id)?.['detail'] ?? 'null')).toEqual(detail);
    });

    it('keeps no trace of the person after an erasure, masked or not', async () => {
      const { id, ...rest } = await bench.submit({ ...connector.order(ERASED), metadata: { note: NOTE } });
      await bench.once({ id, ...rest }, 'succeeded');
      const { url } = bench.world.database;
      const shown = (query: string): Promise<unknown> =>
        bench.world.call('GET', `/v1/transactions/${id}${query}`).then(({ body }) => at(body, member));
      const [masked, clear] = [await shown(''), await shown('?expand=personal')];
      const said = connector.personal(ERASED);
      const told = texts(clear).map(([, text]) => text);
      expect(Object.values(said).filter((value) => !told.includes(value))).toEqual([]);
      const hidden = new Map(texts(clear));
      const remains = Object.fromEntries(texts(masked).filter(([place, text]) => hidden.get(place) !== text));
      // Before the erasure, the search finds the masked values, and no value in clear that must be masked.
      expect(await foundInDatabase(url, remains)).not.toEqual([]);
      const encrypted = Object.entries(said).filter(([what]) => !connector.shownInClear?.includes(what));
      expect(await foundInDatabase(url, Object.fromEntries(encrypted))).toEqual([]);

      expect((await bench.world.admin('POST', `/v1/admin/transactions/${id}/erase`)).status).toBe(200);
      expect(await foundInDatabase(url, { ...said, ...remains, note: NOTE })).toEqual([]);
    });
  });

  describe(`${name}: an operation with a doubtful answer`, () => {
    const answers = doubtfulAnswers(connector.declined);
    const submitted = new Map<string, Submitted>();

    beforeAll(async () => {
      await Promise.all(
        answers.map(async ({ title, fault }) => submitted.set(title, await bench.submit(order(), fault))),
      );
    }, 60_000);

    it.each(answers)(
      `is ${recognizesRepeats ? 'sent again and executed once' : 'unknown and not sent again'}: $title`,
      async ({ title, executed }) => {
        const one = submitted.get(title);
        if (!one) throw new Error('it was not submitted');
        const { status } = Object(await bench.once(one, 'succeeded', 'failed', 'unknown'));
        const found = { status, sent: bench.sent(one).length, executed: await bench.executions(one) };
        expect(found).toEqual(
          recognizesRepeats ? { status: 'succeeded', sent: 2, executed: 1 } : { status: 'unknown', sent: 1, executed },
        );
      },
      40_000,
    );

    it('is never sent later when it is unknown', async () => {
      const ended = [...submitted.values()];
      await Promise.all(ended.map((one) => bench.once(one, 'succeeded', 'unknown')));
      const before = ended.map((one) => bench.sent(one).length);
      await sleep(2_000);
      expect(ended.map((one) => bench.sent(one).length)).toEqual(before);
    }, 60_000);
  });

  describe(`${name}: a refused operation`, () => {
    it('fails with a stable code and the message of the provider', async () => {
      const submitted = await bench.submit(order(), answered(connector.declined));
      const transaction = await bench.once(submitted, 'succeeded', 'failed', 'unknown');
      expect(transaction).toMatchObject({
        status: 'failed',
        failure: {
          code: expect.stringMatching(/^[a-z_]+$/),
          message: expect.any(String),
          provider: expect.any(Object),
        },
      });
      expect([bench.sent(submitted).length, await bench.executions(submitted)]).toEqual([1, 0]);
    });

    it('is sent again with the same bytes after one new login when the token was refused', async () => {
      await bench.once(await bench.submit(order()), 'succeeded');
      const before = bench.called(connector.calls.login);
      const submitted = await bench.submit(order(), answered(connector.tokenRefused));
      await bench.once(submitted, 'succeeded');
      const sent = bench.sent(submitted);
      expect([sent.length, bench.called(connector.calls.login) - before]).toEqual([2, 1]);
      expect(sent[1]?.body).toBe(sent[0]?.body);
      expect(await bench.executions(submitted)).toBe(1);
    });

    it('raises an alarm and does not end when the new token is refused as well', async () => {
      const alarm = 'gateway_alarms_total{kind="provider_refuses_credentials"}';
      const before = await metric(bench.world, alarm);
      const refused = answered(connector.tokenRefused);
      const submitted = await bench.submit(order(), refused, refused);
      await eventually(
        10_000,
        () => transactionEvents(bench.world, submitted.id),
        (events) => at(events.at(-1), 'detail', 'reason') === 'token_refused',
      );
      expect(await bench.once(submitted, 'pending', 'failed', 'unknown')).toMatchObject({ status: 'pending' });
      expect([bench.sent(submitted).length, await bench.executions(submitted)]).toEqual([2, 0]);
      expect((await metric(bench.world, alarm)) - before).toBe(1);
    });

    it('is sent again after too many requests, at the time that the provider gives', async () => {
      const limited = json(429, { error: 'rate_limit_exceeded' }, { 'retry-after': '1' });
      const submitted = await bench.submit(order(), answered(limited));
      await bench.once(submitted, 'succeeded');
      const [first, second, ...more] = bench.sent(submitted);
      expect([more, await bench.executions(submitted)]).toEqual([[], 1]);
      expect((second?.atMs ?? 0) - (first?.atMs ?? Infinity)).toBeGreaterThanOrEqual(990);
    });
  });

  describe(`${name}: the view of operators`, () => {
    it('lists the provider with its health', async () => {
      const { body } = await bench.world.admin('GET', '/v1/admin/providers');
      const listed: unknown[] = Array.isArray(at(body, 'data')) ? [...Object(at(body, 'data'))] : [];
      expect(listed.filter((one) => at(one, 'name') === name)).toEqual([
        expect.objectContaining({ title: expect.any(String), breaker: 'closed', paused: null }),
      ]);
    });

    it('counts the calls in the metrics', async () => {
      await bench.once(await bench.submit(order()), 'succeeded');
      const metrics = String((await bench.world.gateway().request('GET', '/metrics')).body);
      for (const series of ['calls_total', 'call_seconds_count']) {
        expect(metrics).toMatch(new RegExp(`gateway_provider_${series}\\{[^}]*provider="${name}"[^}]*\\} [1-9]`));
      }
    });

    it('includes reconciliation by status, which queries what is not final', async () => {
      const { slow, calls } = connector;
      const waiting = slow ? await bench.submit(slow(someone())) : null;
      if (waiting) await bench.once(waiting, 'processing');
      const asked = calls.status ? bench.called(calls.status) : 0;
      const run = await bench.world.admin('POST', '/v1/admin/reconciliations', { provider: name, kind: 'status' });
      const done = await eventually(
        20_000,
        () => bench.world.admin('GET', `/v1/admin/reconciliations/${textAt(run.body, 'id')}`),
        ({ body }) => at(body, 'status') !== 'running',
      );
      expect(at(done.body, 'status')).toBe('completed');
      if (calls.status) expect(bench.called(calls.status)).toBeGreaterThan(asked);
    }, 30_000);
  });
}
