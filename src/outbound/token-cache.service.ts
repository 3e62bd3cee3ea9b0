import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { metrics } from '../common/metrics.js';
import { ProviderError } from '../connector/connector.js';
import { readToken } from '../readers/header-value.js';
import { Vault } from '../crypto/gateway-vault.js';
import { reportLoginFailure } from './login-failure.js';

/** What a login brings: the token and how long it lives, as far as the provider says. */
export interface Login {
  readonly token: string;
  readonly expiresInMs: number | null;
}

export interface TokenSource {
  /** Who logs in where: one token per name. Contains no secret. */
  readonly name: string;
  /** @throws ProviderError; `unauthorized` when the credentials are refused. */
  readonly login: () => Promise<Login>;
  /** Used when the provider names no lifetime, or none that makes sense. */
  readonly defaultLifetimeMs: number;
}

export interface CachedToken {
  readonly token: string;
  /** Counts the logins: tells an old token from a renewed one. */
  readonly generation: number;
}

interface Held extends CachedToken {
  /** On the monotonic clock. */
  readonly staleAtMs: number;
}

interface TokenRow {
  generation: number;
  sealed: Buffer | null;
  remainingMs: string | null;
  lifetimeMs: string | null;
  coolingMs: string;
  mine: boolean;
}

/** No token is kept longer, whatever its lifetime is said to be. */
export const MAX_LIFETIME_MS = 24 * 60 * 60_000;
const LOGIN_LEASE_MS = 20_000;
const WAIT_FOR_LOGIN_MS = 25_000;
const POLL_MS = 100;
/** Renewed so long before its end that no call is made with a token that dies on the way; at most a tenth of its life. */
const RENEWAL_MARGIN_MS = 60_000;
const COOLDOWN_AFTER_FAILURE_MS = 5_000;
/** Wrong credentials do not get right by asking again: an operator's refresh ends the pause at once. */
const COOLDOWN_AFTER_REFUSAL_MS = 60_000;

const READ = `
select generation, sealed, extract(epoch from expires_at - clock_timestamp()) * 1000 as "remainingMs",
  extract(epoch from expires_at - obtained_at) * 1000 as "lifetimeMs",
  greatest(extract(epoch from cooldown_until - clock_timestamp()) * 1000, 0) as "coolingMs", false as mine
from provider_tokens where name = $1`;

/** Gives the right to log in to one asker in the whole fleet, unless somebody has renewed the token meanwhile. */
const TAKE_LOGIN = `
insert into provider_tokens as t (name, login_by, login_until)
values ($1, $2, clock_timestamp() + $3 * interval '1 ms')
on conflict (name) do update set login_by = $2, login_until = clock_timestamp() + $3 * interval '1 ms'
where t.generation = $4 and (t.login_until is null or t.login_until < clock_timestamp())
returning t.generation`;

const STORE = `
update provider_tokens set generation = generation + 1, sealed = $3, obtained_at = clock_timestamp(),
  expires_at = clock_timestamp() + $4 * interval '1 ms', login_by = null, login_until = null, cooldown_until = null
where name = $1 and login_by = $2 returning generation`;

const COOL_DOWN = `
update provider_tokens set login_by = null, login_until = null,
  cooldown_until = clock_timestamp() + $3 * interval '1 ms'
where name = $1 and login_by = $2`;

/** One login for all who ask, in this process and in the fleet; tokens are encrypted at rest. */
@Injectable()
export class TokenCache {
  private readonly held = new Map<string, Held>();
  private readonly asking = new Map<string, Promise<Held>>();

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {}

  /** @throws ProviderError `not-sent` while logins fail or cool down, `unauthorized` when credentials are refused. */
  async get(source: TokenSource): Promise<CachedToken> {
    const held = this.held.get(source.name);
    if (held && held.staleAtMs > performance.now()) return held;
    let asked = this.asking.get(source.name);
    if (!asked) {
      asked = this.obtain(source).finally(() => this.asking.delete(source.name));
      this.asking.set(source.name, asked);
    }
    return asked;
  }

  /** Forgets a token that the provider refused, unless it has been renewed meanwhile. */
  async drop(source: TokenSource, refused: CachedToken): Promise<void> {
    if (this.held.get(source.name)?.generation === refused.generation) this.held.delete(source.name);
    await this.database.query(`update provider_tokens set expires_at = null where name = $1 and generation = $2`, [
      source.name,
      refused.generation,
    ]);
  }

  /** New tokens are refused too: nobody in the fleet logs in or calls for a while. */
  async coolDown(source: TokenSource, refused: CachedToken): Promise<void> {
    if (this.held.get(source.name)?.generation === refused.generation) this.held.delete(source.name);
    await this.database.query(
      `update provider_tokens set expires_at = null, cooldown_until = clock_timestamp() + $3 * interval '1 ms'
       where name = $1 and generation = $2`,
      [source.name, refused.generation, COOLDOWN_AFTER_REFUSAL_MS],
    );
  }

  /** An operator's wish: forgets the token and any pause after failures, and logs in. */
  async refresh(source: TokenSource): Promise<void> {
    this.held.delete(source.name);
    await this.database.query(`update provider_tokens set expires_at = null, cooldown_until = null where name = $1`, [
      source.name,
    ]);
    await this.get(source);
  }

  async endCoolDown(source: TokenSource): Promise<void> {
    await this.database.query(`update provider_tokens set cooldown_until = null where name = $1`, [source.name]);
  }

  /** Seconds since the current token was obtained; null when there is none. */
  async ageSeconds(source: TokenSource): Promise<number | null> {
    const rows = await this.database.query<{ age: string | null }>(
      `select extract(epoch from clock_timestamp() - obtained_at) as age from provider_tokens
       where name = $1 and expires_at > clock_timestamp()`,
      [source.name],
    );
    const age = rows[0]?.age;
    return age === undefined || age === null ? null : Number(age);
  }

  private async obtain(source: TokenSource): Promise<Held> {
    const giveUpAt = performance.now() + WAIT_FOR_LOGIN_MS;
    while (performance.now() < giveUpAt) {
      const row = await this.read(source.name);
      const held = row && this.fresh(source, row);
      if (held) return held;
      const coolingMs = Number(row?.coolingMs ?? 0);
      if (coolingMs > 0) throw new ProviderError('not-sent', 'login_cooling_down', { retryAfterMs: coolingMs });
      const me = randomUUID();
      const taken = await this.database.query(TAKE_LOGIN, [source.name, me, LOGIN_LEASE_MS, row?.generation ?? 0]);
      if (taken.length > 0) return this.login(source, me);
      await sleep(POLL_MS);
    }
    throw new ProviderError('not-sent', 'login_takes_too_long', { retryAfterMs: COOLDOWN_AFTER_FAILURE_MS });
  }

  private async read(name: string): Promise<TokenRow | undefined> {
    return (await this.database.query<TokenRow>(READ, [name]))[0];
  }

  private fresh(source: TokenSource, row: TokenRow): Held | null {
    if (!row.sealed || row.remainingMs === null) return null;
    const remainingMs = Number(row.remainingMs);
    const lifetimeMs = Number(row.lifetimeMs);
    const ageMs = lifetimeMs - remainingMs;
    const usableMs = Math.min(remainingMs - marginMs(lifetimeMs), MAX_LIFETIME_MS - ageMs);
    // One that an earlier release kept may be none that can be sent.
    const token = usableMs > 0 ? readToken(this.vault.open(row.sealed)) : null;
    return token === null ? null : this.hold(source, token, row.generation, usableMs);
  }

  private hold(source: TokenSource, token: string, generation: number, usableMs: number): Held {
    const held = { token, generation, staleAtMs: performance.now() + usableMs };
    this.held.set(source.name, held);
    return held;
  }

  private async login(source: TokenSource, me: string): Promise<Held> {
    const startedAt = performance.now();
    try {
      const { token, expiresInMs } = await source.login();
      const told = expiresInMs !== null && Number.isFinite(expiresInMs) && expiresInMs > 0 ? expiresInMs : null;
      const fullMs = Math.min(told ?? source.defaultLifetimeMs, MAX_LIFETIME_MS);
      const lifetimeMs = fullMs - (performance.now() - startedAt);
      const rows = await this.database.query<{ generation: number }>(STORE, [
        source.name,
        me,
        this.vault.seal(token),
        Math.round(lifetimeMs),
      ]);
      metrics.logins.inc({ provider: source.name, outcome: 'succeeded' });
      return this.hold(source, token, rows[0]?.generation ?? 0, lifetimeMs - marginMs(lifetimeMs));
    } catch (error) {
      const refused = error instanceof ProviderError && error.kind === 'unauthorized';
      reportLoginFailure(source.name, error);
      metrics.logins.inc({ provider: source.name, outcome: refused ? 'refused' : 'failed' });
      const askedMs = (error instanceof ProviderError && error.extras.retryAfterMs) || 0;
      const coolingMs = refused ? COOLDOWN_AFTER_REFUSAL_MS : Math.max(COOLDOWN_AFTER_FAILURE_MS, askedMs);
      await this.database.query(COOL_DOWN, [source.name, me, coolingMs]);
      if (refused) throw error;
      // Whatever became of the login call, the call it was for has not been made.
      const reason = error instanceof ProviderError ? error.reason : 'login_failed';
      throw new ProviderError('not-sent', `login_${reason}`, { retryAfterMs: coolingMs, cause: error });
    }
  }
}

function marginMs(lifetimeMs: number): number {
  return Math.min(RENEWAL_MARGIN_MS, lifetimeMs / 10);
}
