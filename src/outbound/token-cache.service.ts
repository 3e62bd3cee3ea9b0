import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { metrics } from '../common/metrics.js';
import { ProviderError } from '../connector/connector.js';
import { readToken } from '../readers/header-value.js';
import { Vault } from '../crypto/gateway-vault.js';
import { reportLoginFailure } from './login-failure.js';

/** The result of a login: the token and its lifetime, if the provider names one. */
export interface Login {
  readonly token: string;
  readonly expiresInMs: number | null;
}

export interface TokenSource {
  /** Names the login and the provider: one token per name. Contains no secret. */
  readonly name: string;
  /** @throws ProviderError; `unauthorized` when the credentials are refused */
  readonly login: () => Promise<Login>;
  /** Lifetime of a token, in milliseconds, when the provider states none or an implausible one. */
  readonly defaultLifetimeMs: number;
}

export interface CachedToken {
  readonly token: string;
  /** The number of the login; it distinguishes an old token from a new one. */
  readonly generation: number;
}

interface HeldToken extends CachedToken {
  /** The time of `performance.now()` from which the token is no longer used. */
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

/** Tokens are never kept longer, whatever their stated lifetime. */
export const MAX_LIFETIME_MS = 24 * 60 * 60_000;
const LOGIN_LEASE_MS = 20_000;
const WAIT_FOR_LOGIN_MS = 25_000;
const POLL_MS = 100;
/**
 * A token is renewed this long before its end, so that it does not expire during a call; at most a tenth of its life.
 */
const RENEWAL_MARGIN_MS = 60_000;
const COOLDOWN_AFTER_FAILURE_MS = 5_000;
/** Retrying does not help with wrong credentials. An operator's token refresh ends this pause at once. */
const COOLDOWN_AFTER_REFUSAL_MS = 60_000;

const READ = `
select generation, sealed, extract(epoch from expires_at - clock_timestamp()) * 1000 as "remainingMs",
  extract(epoch from expires_at - obtained_at) * 1000 as "lifetimeMs",
  greatest(extract(epoch from cooldown_until - clock_timestamp()) * 1000, 0) as "coolingMs", false as mine
from provider_tokens where name = $1`;

/** Gives the right to log in to one process at a time. Gives it to none if the token was renewed after it was read. */
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

/** Shares one login and its token among all calls and instances. Tokens are encrypted at rest. */
@Injectable()
export class TokenCache {
  private readonly held = new Map<string, HeldToken>();
  private readonly pending = new Map<string, Promise<HeldToken>>();

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {}

  /** @throws ProviderError `not-sent` while logins fail or are paused, `unauthorized` when credentials are refused */
  async get(source: TokenSource): Promise<CachedToken> {
    const held = this.held.get(source.name);
    if (held && held.staleAtMs > performance.now()) return held;
    let obtaining = this.pending.get(source.name);
    if (!obtaining) {
      obtaining = this.obtain(source).finally(() => this.pending.delete(source.name));
      this.pending.set(source.name, obtaining);
    }
    return obtaining;
  }

  /** Drops a token that the provider refused, unless it was renewed meanwhile. */
  async drop(source: TokenSource, refused: CachedToken): Promise<void> {
    if (this.held.get(source.name)?.generation === refused.generation) this.held.delete(source.name);
    await this.database.query(`update provider_tokens set expires_at = null where name = $1 and generation = $2`, [
      source.name,
      refused.generation,
    ]);
  }

  /** Drops the token and pauses logins and calls of all instances, because new tokens are refused too. */
  async coolDown(source: TokenSource, refused: CachedToken): Promise<void> {
    if (this.held.get(source.name)?.generation === refused.generation) this.held.delete(source.name);
    await this.database.query(
      `update provider_tokens set expires_at = null, cooldown_until = clock_timestamp() + $3 * interval '1 ms'
       where name = $1 and generation = $2`,
      [source.name, refused.generation, COOLDOWN_AFTER_REFUSAL_MS],
    );
  }

  /** For operators: drops the token and any pause after failures, and logs in. */
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

  /** Seconds since the current token was obtained; null: there is no token. */
  async ageSeconds(source: TokenSource): Promise<number | null> {
    const rows = await this.database.query<{ age: string | null }>(
      `select extract(epoch from clock_timestamp() - obtained_at) as age from provider_tokens
       where name = $1 and expires_at > clock_timestamp()`,
      [source.name],
    );
    const age = rows[0]?.age;
    return age === undefined || age === null ? null : Number(age);
  }

  private async obtain(source: TokenSource): Promise<HeldToken> {
    const giveUpAt = performance.now() + WAIT_FOR_LOGIN_MS;
    while (performance.now() < giveUpAt) {
      const row = await this.read(source.name);
      const held = row && this.fresh(source, row);
      if (held) return held;
      const coolingMs = Number(row?.coolingMs ?? 0);
      if (coolingMs > 0) throw new ProviderError('not-sent', 'login_cooling_down', { retryAfterMs: coolingMs });
      const loginId = randomUUID();
      const taken = await this.database.query(TAKE_LOGIN, [source.name, loginId, LOGIN_LEASE_MS, row?.generation ?? 0]);
      if (taken.length > 0) return this.login(source, loginId);
      await sleep(POLL_MS);
    }
    throw new ProviderError('not-sent', 'login_takes_too_long', { retryAfterMs: COOLDOWN_AFTER_FAILURE_MS });
  }

  private async read(name: string): Promise<TokenRow | undefined> {
    return (await this.database.query<TokenRow>(READ, [name]))[0];
  }

  private fresh(source: TokenSource, row: TokenRow): HeldToken | null {
    if (!row.sealed || row.remainingMs === null) return null;
    const remainingMs = Number(row.remainingMs);
    const lifetimeMs = Number(row.lifetimeMs);
    const ageMs = lifetimeMs - remainingMs;
    const usableMs = Math.min(remainingMs - marginMs(lifetimeMs), MAX_LIFETIME_MS - ageMs);
    // An earlier release may have stored a token that cannot be sent in a header.
    const token = usableMs > 0 ? readToken(this.vault.open(row.sealed)) : null;
    return token === null ? null : this.hold(source, token, row.generation, usableMs);
  }

  private hold(source: TokenSource, token: string, generation: number, usableMs: number): HeldToken {
    const held = { token, generation, staleAtMs: performance.now() + usableMs };
    this.held.set(source.name, held);
    return held;
  }

  private async login(source: TokenSource, loginId: string): Promise<HeldToken> {
    const startedAt = performance.now();
    try {
      const { token, expiresInMs } = await source.login();
      const reportedMs = expiresInMs !== null && Number.isFinite(expiresInMs) && expiresInMs > 0 ? expiresInMs : null;
      const fullMs = Math.min(reportedMs ?? source.defaultLifetimeMs, MAX_LIFETIME_MS);
      const lifetimeMs = fullMs - (performance.now() - startedAt);
      const rows = await this.database.query<{ generation: number }>(STORE, [
        source.name,
        loginId,
        this.vault.seal(token),
        Math.round(lifetimeMs),
      ]);
      metrics.logins.inc({ provider: source.name, outcome: 'succeeded' });
      return this.hold(source, token, rows[0]?.generation ?? 0, lifetimeMs - marginMs(lifetimeMs));
    } catch (error) {
      const refused = error instanceof ProviderError && error.kind === 'unauthorized';
      reportLoginFailure(source.name, error);
      metrics.logins.inc({ provider: source.name, outcome: refused ? 'refused' : 'failed' });
      const requestedPauseMs = (error instanceof ProviderError && error.extras.retryAfterMs) || 0;
      const coolingMs = refused ? COOLDOWN_AFTER_REFUSAL_MS : Math.max(COOLDOWN_AFTER_FAILURE_MS, requestedPauseMs);
      await this.database.query(COOL_DOWN, [source.name, loginId, coolingMs]);
      if (refused) throw error;
      // A failed login means that the call was not made, so it is `not-sent`.
      const reason = error instanceof ProviderError ? error.reason : 'login_failed';
      throw new ProviderError('not-sent', `login_${reason}`, { retryAfterMs: coolingMs, cause: error });
    }
  }
}

function marginMs(lifetimeMs: number): number {
  return Math.min(RENEWAL_MARGIN_MS, lifetimeMs / 10);
}
