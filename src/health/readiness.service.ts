import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Lifecycle } from '../api/lifecycle.js';
import { Database } from '../database/database.js';
import type { ReadinessDto } from './health.dto.js';

/** An orchestrator checks every few seconds. A database that takes longer than this counts as unavailable. */
const TIMEOUT_MS = 2_000;

/** After a failover, old connections may reach a server that has become a standby: it responds, but takes no writes. */
const IS_WRITABLE = `select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off' as "isWritable"`;

/** Checks that this instance can serve requests: its database is writable and has the schema of this version. */
@Injectable()
export class Readiness {
  private isMigrated = false;

  constructor(
    private readonly database: Database,
    private readonly source: DataSource,
    private readonly lifecycle: Lifecycle,
  ) {}

  async check(): Promise<ReadinessDto> {
    const database = (await this.isWritable()) ? 'ok' : 'unavailable';
    const migrations = database === 'ok' ? await this.migrations() : 'unknown';
    const draining = this.lifecycle.isDraining;
    const status = database === 'ok' && migrations === 'ok' && !draining ? 'ready' : 'not_ready';
    return { status, database, migrations, draining };
  }

  private async isWritable(): Promise<boolean> {
    const answer = this.database.query<{ isWritable: boolean }>(IS_WRITABLE).then(
      ([row]) => row?.isWritable === true,
      () => false,
    );
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), TIMEOUT_MS);
    });
    return Promise.race([answer, timeout]).finally(() => clearTimeout(timer));
  }

  /** Checked until all migrations are applied; migrations are never undone. */
  private async migrations(): Promise<ReadinessDto['migrations']> {
    if (this.isMigrated) return 'ok';
    try {
      this.isMigrated = !(await this.source.showMigrations());
      return this.isMigrated ? 'ok' : 'pending';
    } catch {
      return 'unknown';
    }
  }
}
