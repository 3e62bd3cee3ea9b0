import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Every } from '../../jobs/every.decorator.js';

const RELOAD_MS = 1_000;
/** The author of a pause because the provider rejects our credentials. */
export const GATEWAY = 'gateway';

export interface Pause {
  readonly provider: string;
  readonly at: Date;
  readonly by: string;
  readonly reason: string | null;
}

/**
 * The paused providers. Each instance reads them from the database once a second, and keeps the last list when a read
 * fails.
 */
@Injectable()
export class ProviderPauses implements OnApplicationBootstrap {
  private paused = new Map<string, Pause>();
  /** Number of reads begun, and the number of the latest one that was used. */
  private begun = 0;
  private shown = 0;

  constructor(private readonly database: Database) {}

  isPaused(provider: string): boolean {
    return this.paused.has(provider);
  }

  pauseOf(provider: string): Pause | null {
    return this.paused.get(provider) ?? null;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.reload();
  }

  /** A read that ends after a later one is ignored: it may not know of a pause that was just made. */
  @Every(RELOAD_MS)
  async reload(): Promise<void> {
    this.begun += 1;
    const own = this.begun;
    const rows = await this.database.query<{ provider: string; at: Date; by: string; reason: string | null }>(
      `select provider, paused_at as at, paused_by as by, reason from provider_states where paused_at is not null`,
    );
    if (own < this.shown) return;
    this.shown = own;
    this.paused = new Map(rows.map((row) => [row.provider, row]));
  }

  async pause(provider: string, by: string, reason: string | null): Promise<void> {
    await this.database.query(
      `insert into provider_states as s (provider, paused_at, paused_by, reason) values ($1, now(), $2, $3)
       on conflict (provider) do update set paused_at = coalesce(s.paused_at, now()), paused_by = $2, reason = $3`,
      [provider, by, reason],
    );
    await this.reload();
  }

  /** Pauses a provider. Returns false when it was paused already. */
  async stop(provider: string, reason: string): Promise<boolean> {
    const rows = await this.database.query(
      `insert into provider_states as s (provider, paused_at, paused_by, reason) values ($1, now(), $2, $3)
       on conflict (provider) do update set paused_at = now(), paused_by = $2, reason = $3
       where s.paused_at is null returning 1 as stopped`,
      [provider, GATEWAY, reason],
    );
    await this.reload();
    return rows.length > 0;
  }

  async resume(provider: string): Promise<void> {
    await this.database.query(
      `update provider_states set paused_at = null, paused_by = null, reason = null where provider = $1`,
      [provider],
    );
    await this.reload();
  }
}
