import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { Database } from '../../src/database/database.js';
import type { Permit } from '../../src/outbound/prefetched-permits.js';
import type { QuotaRule } from '../../src/outbound/quota-rule.js';
import { Quota } from '../../src/outbound/quota.service.js';
import type { Priority } from '../../src/outbound/priorities.js';
import { TokenCache, type Login, type TokenSource } from '../../src/outbound/token-cache.service.js';
import { ProviderError } from '../../src/connector/connector.js';
import { Vault } from '../../src/crypto/gateway-vault.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

/** Two sets of objects simulate two instances that share only the database. */
let place: TestDatabase;
let pools: Pool[];
let databases: Database[];
const vault = new Vault(Buffer.alloc(32, 7));

beforeAll(async () => {
  place = await createDatabase();
  pools = [1, 2].map(() => openPool(place, 10));
  databases = pools.map((pool) => new Database(pool));
});

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await place.drop();
});

function pick<T>(instances: readonly T[], index: number): T {
  const instance = instances[index % instances.length];
  if (instance === undefined) throw new Error('no instance');
  return instance;
}

describe('the quota of LoyaltyLayer', () => {
  const rule = (name: string, more: Partial<QuotaRule> = {}): QuotaRule => ({
    name,
    limit: 50,
    windowMs: 60_000,
    ...more,
  });

  async function taken(
    quotas: readonly Quota[],
    one: QuotaRule,
    times: number,
  ): Promise<PromiseSettledResult<Permit>[]> {
    return Promise.allSettled(Array.from({ length: times }, (_none, index) => pick(quotas, index).take(one)));
  }

  it('grants exactly the limit when many instances together ask for more', async () => {
    const quotas = Array.from({ length: 20 }, (_none, index) => new Quota(pick(databases, index)));
    const results = await taken(quotas, rule('shared'), 300);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(50);
    const refused = results.find((result) => result.status === 'rejected');
    expect(refused).toMatchObject({ reason: { kind: 'not-sent', reason: 'quota_used_up' } });
  });

  it('survives a restart', async () => {
    const [database] = databases;
    if (!database) throw new Error('no database');
    await taken([new Quota(database)], rule('restart'), 50);
    const [after] = await taken([new Quota(database)], rule('restart'), 1);
    expect(after).toMatchObject({ status: 'rejected', reason: { extras: { retryAfterMs: expect.any(Number) } } });
  });

  it('never grants more than the limit in any window, and continues to grant', async () => {
    const short = rule('sliding', { limit: 10, windowMs: 1_000 });
    const quotas = databases.map((database) => new Quota(database));
    const grants: number[] = [];
    const end = Date.now() + 7_500;
    while (Date.now() < end) {
      const results = await taken(quotas, short, 8);
      for (const result of results) if (result.status === 'fulfilled') grants.push(Date.now());
      await sleep(50);
    }
    // The counted window is two seconds longer than the provider's, because a request needs time to arrive.
    const most = Math.max(...grants.map((from) => grants.filter((at) => at >= from && at < from + 1_000).length));
    expect(most).toBeLessThanOrEqual(10);
    expect(grants.length).toBeGreaterThanOrEqual(20);
  }, 15_000);

  it('stops every instance while the provider blocks', async () => {
    const [first, second] = databases.map((database) => new Quota(database));
    await first?.block(rule('blocked'), 1_000);
    await expect(second?.take(rule('blocked'))).rejects.toMatchObject({ reason: 'quota_used_up' });
    await sleep(1_050);
    const probe = await second?.take(rule('blocked'));
    expect(probe).toBeDefined();
  });

  it('allows one probe after a block, and more after its answer', async () => {
    const quotas = databases.map((database) => new Quota(database));
    const [first] = quotas;
    if (!first) throw new Error('no quota');
    await first.block(rule('probe'), 300);
    await sleep(350);
    const granted = (results: PromiseSettledResult<Permit>[]): Permit[] =>
      results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const [probe, ...more] = granted(await taken(quotas, rule('probe'), 20));
    if (!probe) throw new Error('no probe');
    expect(more).toEqual([]);
    expect(granted(await taken(quotas, rule('probe'), 5))).toEqual([]);
    await first.settle(rule('probe'), probe, false);
    const [second, ...others] = granted(await taken(quotas, rule('probe'), 5));
    if (!second) throw new Error('no second probe');
    expect(others).toEqual([]);
    await first.settle(rule('probe'), second, true);
    expect(granted(await taken(quotas, rule('probe'), 5))).toHaveLength(5);
  });

  it('reserves one permit for logins, one for operators and status queries, and the last ones before those for waiting requests', async () => {
    const [quota] = databases.map((database) => new Quota(database));
    if (!quota) throw new Error('no quota');
    const hundred = rule('lanes', { limit: 100 });
    const granted = async (lane: Priority): Promise<number> => {
      const results = await Promise.allSettled(Array.from({ length: 120 }, () => quota.take(hundred, lane)));
      return results.filter((result) => result.status === 'fulfilled').length;
    };
    const lanes = ['alone', 'background', 'interactive', 'status', 'operator', 'token'] as const;
    const counts = [];
    for (const lane of lanes) counts.push(await granted(lane));
    expect(counts).toEqual([80, 17, 1, 1, 0, 1]);
  });

  it('prefers writes to reads, which get one permit in a window and otherwise only unused ones', async () => {
    const quotas = databases.map((database) => new Quota(database));
    const hundred = rule('reads', { limit: 100 });
    const granted = async (lane: Priority, times: number): Promise<number> => {
      const asked = Array.from({ length: times }, (_none, index) => pick(quotas, index).take(hundred, lane));
      return (await Promise.allSettled(asked)).filter((result) => result.status === 'fulfilled').length;
    };
    const free = (permits: number): Promise<unknown> =>
      pick(pools, 0).query(`update provider_quota_slots set used = used - $1 where name = 'reads' and used > 1`, [
        permits,
      ]);
    expect([await granted('interactive', 120), await granted('status', 5)]).toEqual([98, 1]);
    // Frees two of the 99 used permits.
    await free(2);
    expect([await granted('status', 5), await granted('interactive', 5)]).toEqual([0, 1]);
    await free(4);
    expect([await granted('status', 5), await granted('interactive', 5)]).toEqual([3, 1]);
  });

  it('serves waiting requests before others at the same moment', async () => {
    const [quota] = databases.map((database) => new Quota(database));
    if (!quota) throw new Error('no quota');
    const small = rule('priority', { limit: 5 });
    const asked = (['background', 'interactive'] as const).flatMap((lane) =>
      Array.from({ length: 5 }, () => quota.take(small, lane).then(() => lane)),
    );
    const results = await Promise.allSettled(asked);
    const lanes = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(lanes).toEqual(Array.from({ length: 5 }, () => 'interactive'));
  });

  it('gives requests that waited long every second permit, however many newcomers ask', async () => {
    const few = rule('turns', { limit: 20, windowMs: 1_000 });
    const quotas = databases.map((database) => new Quota(database));
    const got = { interactive: 0, aged: 0, background: 0 };
    const ask = async (lane: keyof typeof got, index: number, everyMs: number): Promise<void> => {
      const permit = await pick(quotas, index)
        .take(few, lane)
        .catch(() => null);
      if (permit) {
        got[lane] += 1;
        await pick(quotas, index).settle(few, permit, true);
      }
      await sleep(everyMs);
    };
    const storm = async (waiting: 'aged' | 'background', forMs: number): Promise<void> => {
      Object.assign(got, { interactive: 0, aged: 0, background: 0 });
      const endAt = performance.now() + forMs;
      const asking = async (lane: keyof typeof got, index: number, everyMs: number): Promise<void> => {
        while (performance.now() < endAt) await ask(lane, index, everyMs);
      };
      const favoring = async (): Promise<void> => {
        while (performance.now() < endAt) {
          if (waiting === 'aged') await quotas[0]?.favorAged(few);
          await sleep(200);
        }
      };
      const newcomers = Array.from({ length: 6 }, (_none, index) => asking('interactive', index, 5));
      await Promise.all([favoring(), asking(waiting, 0, 100), ...newcomers]);
    };
    // Background work starves without turns: interactive calls leave it no permits.
    await storm('background', 2_000);
    expect(got.background).toBeLessThan(got.interactive / 5);
    await storm('aged', 3_000);
    expect(got.aged).toBeGreaterThan(got.interactive / 3);
    expect(got.aged + got.interactive).toBeLessThanOrEqual(4 * 20);
    expect(got.interactive).toBeGreaterThan(20);
  }, 20_000);

  it('is used to 98 % and never exceeded when permits are returned, as the provider counts arrivals', async () => {
    const one = rule('exact', { limit: 40, windowMs: 4_000 });
    const quotas = databases.map((database) => new Quota(database));
    const arrivals: number[] = [];
    const startedAt = performance.now();
    const worker = async (index: number): Promise<void> => {
      while (performance.now() - startedAt < 18_500) {
        const quota = pick(quotas, index);
        const permit = await quota.take(one).catch((error: unknown) => {
          if (error instanceof ProviderError) return error.extras.retryAfterMs ?? 100;
          throw error;
        });
        if (typeof permit === 'number') {
          await sleep(Math.min(permit, 50));
          continue;
        }
        // The request takes 1 ms to arrive, every fifth one 30 ms.
        await sleep(index % 5 === 0 ? 30 : 1);
        arrivals.push(performance.now() - startedAt);
        await sleep(1);
        await quota.settle(one, permit, true);
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_none, index) => worker(index)));
    const most = Math.max(...arrivals.map((from) => arrivals.filter((at) => at >= from && at < from + 4_000).length));
    expect(most).toBeLessThanOrEqual(40);
    // Five windows begin in this time. The last one has two more seconds for a slow machine.
    expect(arrivals.length).toBeGreaterThanOrEqual(196);
  }, 30_000);
});

describe('the token of a provider', () => {
  let logins = 0;
  let answer: () => Promise<Login>;

  const source = (name: string): TokenSource => ({
    name,
    defaultLifetimeMs: 3_600_000,
    login: async () => {
      logins += 1;
      await sleep(50);
      return answer();
    },
  });

  beforeEach(() => {
    logins = 0;
    answer = () => Promise.resolve({ token: `token-${logins}`, expiresInMs: 3_600_000 });
  });

  const caches = (): TokenCache[] => databases.map((database) => new TokenCache(database, vault));

  it('is requested once by two instances with 200 callers', async () => {
    const two = caches();
    const tokens = await Promise.all(
      Array.from({ length: 200 }, (_none, index) => pick(two, index).get(source('once'))),
    );
    expect(new Set(tokens.map((token) => token.token))).toEqual(new Set(['token-1']));
    expect(logins).toBe(1);
  });

  it('is encrypted in the database', async () => {
    await caches()[0]?.get(source('sealed'));
    const rows = await databases[0]?.query<{ text: string }>(
      `select encode(sealed, 'escape') as text from provider_tokens where sealed is not null`,
    );
    expect(rows?.length).toBeGreaterThan(0);
    for (const row of rows ?? []) expect(row.text).not.toContain('token-');
  });

  it('is renewed once after a refusal that many callers noticed', async () => {
    const two = caches();
    const one = source('dropped');
    const refused = await two[0]?.get(one);
    if (!refused) throw new Error('no token');
    await Promise.all(two.map((cache) => cache.drop(one, refused)));
    await Promise.all(two.map((cache) => cache.get(one)));
    await two[0]?.drop(one, refused);
    expect(await two[0]?.get(one)).toMatchObject({ token: 'token-2' });
    expect(logins).toBe(2);
  });

  it.each([0, -5, Number.NaN, null])(
    'with the lifetime %p gets the usual lifetime and is not renewed in a loop',
    async (expiresInMs) => {
      answer = () => Promise.resolve({ token: 'odd', expiresInMs });
      const cache = caches()[0];
      for (let times = 0; times < 5; times += 1) await cache?.get(source(`lifetime ${expiresInMs}`));
      expect(logins).toBe(1);
    },
  );

  it('is kept for a day at most, whatever lifetime the provider gives', async () => {
    answer = () => Promise.resolve({ token: 'eternal', expiresInMs: 1e15 });
    await caches()[0]?.get(source('eternal'));
    const remaining = `select extract(epoch from expires_at - now())::int as seconds from provider_tokens where name = $1`;
    const [row] = (await databases[0]?.query<{ seconds: number }>(remaining, ['eternal'])) ?? [];
    expect(row?.seconds).toBeGreaterThan(86_000);
    expect(row?.seconds).toBeLessThanOrEqual(86_400);
  });

  const keep = (name: string, token: string, lifetime: string): Promise<unknown> =>
    pick(pools, 0).query(
      `insert into provider_tokens (name, generation, sealed, obtained_at, expires_at)
       values ($1, 1, $2, now() - interval '25 hours', now() - interval '25 hours' + $3::interval)`,
      [name, vault.seal(token), lifetime],
    );

  it('is used without line breaks around it, and renewed when it cannot be sent', async () => {
    await keep('blanks', 'kept\r\n', '26 hours');
    await keep('unsendable', 'caf\u00e9', '26 hours');
    const [cache] = caches();
    await pick(pools, 0).query(`update provider_tokens set obtained_at = now() where name in ('blanks', 'unsendable')`);
    expect(await cache?.get(source('blanks'))).toMatchObject({ token: 'kept' });
    expect(logins).toBe(0);
    expect(await cache?.get(source('unsendable'))).toMatchObject({ token: 'token-1' });
  });

  it('that was stored more than a day ago is renewed, whatever its lifetime', async () => {
    await keep('old', 'old', '100 years');
    expect(await caches()[0]?.get(source('old'))).toMatchObject({ token: 'token-1' });
  });

  it('with a lifetime of seconds is used for these seconds', async () => {
    answer = () => Promise.resolve({ token: 'short', expiresInMs: 3_000 });
    const cache = caches()[0];
    for (let times = 0; times < 5; times += 1) await cache?.get(source('short'));
    expect(logins).toBe(1);
  });

  it('is not requested by any instance during the wait after a failed login', async () => {
    answer = () => Promise.reject(new ProviderError('doubtful', 'timeout'));
    const two = caches();
    const one = source('failing');
    await expect(two[0]?.get(one)).rejects.toMatchObject({ kind: 'not-sent', reason: 'login_timeout' });
    await expect(two[1]?.get(one)).rejects.toMatchObject({ kind: 'not-sent', reason: 'login_cooling_down' });
    expect(logins).toBe(1);
  });

  it('is not requested after refused credentials until an operator ends the pause', async () => {
    answer = () => Promise.reject(new ProviderError('unauthorized', 'credentials_refused'));
    const cache = caches()[0];
    const one = source('refused');
    await expect(cache?.get(one)).rejects.toMatchObject({ kind: 'unauthorized' });
    await expect(cache?.get(one)).rejects.toMatchObject({ reason: 'login_cooling_down' });
    answer = () => Promise.resolve({ token: 'good', expiresInMs: 3_600_000 });
    await cache?.refresh(one);
    expect(await cache?.get(one)).toMatchObject({ token: 'good' });
  });
});
