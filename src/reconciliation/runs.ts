import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { newUuid } from '../ids.js';
import type { JsonObject } from '../ledger/transaction.js';

export const KINDS = ['statement', 'status', 'balance'] as const;
export type Kind = (typeof KINDS)[number];

export interface BadLineReport {
  readonly line: number;
  readonly message: string;
}

export interface Run {
  readonly id: string;
  readonly provider: string;
  readonly kind: Kind;
  readonly status: 'uploading' | 'running' | 'completed' | 'failed';
  readonly step: string;
  readonly from: Date | null;
  readonly to: Date | null;
  readonly lines: number;
  readonly badCount: number;
  readonly badLines: readonly BadLineReport[];
  /** Of breaks by class, and of what was done. */
  readonly counts: JsonObject;
  readonly failure: string | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly completedAt: Date | null;
}

export interface NewRun {
  readonly provider: string;
  readonly kind: Kind;
  readonly from: Date | null;
  readonly to: Date | null;
  readonly by: string;
}

const COLUMNS = `id, provider, kind, status, step, from_at as "from", to_at as "to", lines, bad_count as "badCount",
  bad_lines as "badLines", counts, failure, created_by as "createdBy", created_at as "createdAt",
  completed_at as "completedAt"`;

/** Who works on a run has it for so long and says anew that he does; after a crash somebody else goes on. */
export const LEASE_MS = 15_000;
/** An upload that nobody has ended by then has lost its sender. */
const ABANDONED_MINUTES = 60;

/** Reconciliations as they are kept: the history, and what is still to do. */
@Injectable()
export class Runs {
  constructor(private readonly database: Database) {}

  /** A statement begins as an upload; the others run at once. null: the schedule of another instance was faster. */
  async create({ provider, kind, from, to, by }: NewRun): Promise<string | null> {
    const rows = await this.database.query<{ id: string }>(
      `insert into reconciliations (id, provider, kind, status, from_at, to_at, created_by)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning id`,
      [newUuid(), provider, kind, kind === 'statement' ? 'uploading' : 'running', from, to, by],
    );
    return rows[0]?.id ?? null;
  }

  /** The file is here whole. Answers with the earlier run of the same file when there is one: this one is no more then. */
  async uploaded(
    { id, provider }: { id: string; provider: string },
    { hash, lines, bad, badCount }: { hash: Buffer; lines: number; bad: readonly BadLineReport[]; badCount: number },
  ): Promise<string> {
    return this.database.transaction(async (client) => {
      await client.query(`select pg_advisory_xact_lock(hashtextextended($1, 30))`, [hash.toString('hex')]);
      const earlier = await client.query<{ id: string }>(
        `select id from reconciliations where provider = $1 and file_hash = $2 and status in ('running', 'completed')`,
        [provider, hash],
      );
      const found = earlier.rows[0];
      if (found) {
        await client.query(`delete from statement_lines where run_id = $1`, [id]);
        await client.query(`delete from reconciliations where id = $1`, [id]);
        return found.id;
      }
      await client.query(
        `update reconciliations set status = 'running', file_hash = $2, lines = $3, bad_lines = $4, bad_count = $5,
           updated_at = clock_timestamp() where id = $1`,
        [id, hash, lines, JSON.stringify(bad), badCount],
      );
      return id;
    });
  }

  async fail(id: string, failure: string): Promise<void> {
    await this.database.query(
      `update reconciliations set status = 'failed', failure = $2, completed_at = clock_timestamp(), lease_until = null
       where id = $1 and status in ('uploading', 'running')`,
      [id, failure],
    );
    await this.database.query(`delete from statement_lines where run_id = $1`, [id]);
  }

  /** Takes up the oldest run that nobody works on. */
  async claim(): Promise<Run | null> {
    const rows = await this.database.query<Run>(
      `update reconciliations set lease_until = clock_timestamp() + $1 * interval '1 ms'
       where id = (select id from reconciliations
         where status = 'running' and (lease_until is null or lease_until < clock_timestamp())
         order by created_at limit 1 for update skip locked)
       returning ${COLUMNS}`,
      [LEASE_MS],
    );
    return rows[0] ?? null;
  }

  async keep(id: string): Promise<void> {
    await this.database.query(
      `update reconciliations set lease_until = clock_timestamp() + $2 * interval '1 ms' where id = $1`,
      [id, LEASE_MS],
    );
  }

  /** Lets others take it up in a while: there is something to wait for. */
  async rest(id: string, ms: number): Promise<void> {
    await this.database.query(
      `update reconciliations set lease_until = clock_timestamp() + $2 * interval '1 ms' where id = $1`,
      [id, ms],
    );
  }

  /** A step is over: a run that is cut off goes on behind it. */
  async advance(id: string, step: string, counts: JsonObject): Promise<void> {
    await this.database.query(
      `update reconciliations set step = $2, counts = counts || $3::jsonb, updated_at = clock_timestamp() where id = $1`,
      [id, step, counts],
    );
  }

  async complete(id: string, counts: JsonObject = {}): Promise<void> {
    await this.database.query(
      `update reconciliations set status = 'completed', counts = counts || $2::jsonb, lease_until = null,
         completed_at = clock_timestamp(), updated_at = clock_timestamp() where id = $1`,
      [id, counts],
    );
  }

  async find(id: string): Promise<Run | null> {
    return (await this.database.query<Run>(`select ${COLUMNS} from reconciliations where id = $1`, [id]))[0] ?? null;
  }

  /** Newest first. */
  async list(limit: number, before: string | null): Promise<Run[]> {
    return this.database.query<Run>(
      `select ${COLUMNS} from reconciliations where $1::uuid is null or id < $1 order by id desc limit $2`,
      [before, limit],
    );
  }

  /** When the schedule began one for the last time; null: never. */
  async latestOfSchedule(): Promise<Date | null> {
    const rows = await this.database.query<{ at: Date | null }>(
      `select max(created_at) as at from reconciliations where created_by = 'gateway'`,
    );
    return rows[0]?.at ?? null;
  }

  async abandoned(): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `select id from reconciliations where status = 'uploading'
       and created_at < clock_timestamp() - $1 * interval '1 minute'`,
      [ABANDONED_MINUTES],
    );
    return rows.map(({ id }) => id);
  }
}
