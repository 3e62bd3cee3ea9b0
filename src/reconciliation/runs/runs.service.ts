import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { Database } from '../../database/database.js';
import { newUuid } from '../../common/ids.js';
import type { JsonObject } from '../../ledger/model/transaction.js';
import { Problem } from '../../common/problem.js';
import { countOf, type BadLineReport } from '../statements/bad-lines/bad-line.js';
import type { RecognizedFormat, StatementFile } from '../statements/reading/statement-file.js';
import type { Period } from '../statements/statement-period.js';

export const KINDS = ['statement', 'status', 'balance'] as const;
export type Kind = (typeof KINDS)[number];

export interface Run {
  readonly id: string;
  readonly provider: string;
  readonly kind: Kind;
  readonly status: 'uploading' | 'running' | 'completed' | 'failed';
  readonly step: string;
  readonly from: Date | null;
  readonly to: Date | null;
  /** The period of a statement; null: not known yet, or not a statement. */
  readonly periodFrom: Date | null;
  readonly periodTo: Date | null;
  readonly periodSource: Period['source'] | null;
  readonly format: RecognizedFormat | null;
  readonly lines: number;
  readonly pendingLines: number;
  readonly badCount: number;
  readonly badCounts: Readonly<Record<string, number>>;
  readonly badLines: readonly BadLineReport[];
  /** Numbers of breaks by class, and of the queries or observations of the run. */
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

interface Matched {
  readonly file: StatementFile;
  readonly period: Period;
  readonly counts: Record<string, number>;
  readonly isOver: boolean;
}

const COLUMNS = `id, provider, kind, status, step, from_at as "from", to_at as "to",
  period_from as "periodFrom", period_to as "periodTo", period_source as "periodSource", format, lines,
  pending_lines as "pendingLines", bad_count as "badCount", bad_counts as "badCounts", bad_lines as "badLines", counts,
  failure, created_by as "createdBy", created_at as "createdAt", completed_at as "completedAt"`;

/** Duration of the lease on a run. The working instance renews it; after a crash another instance continues the run. */
export const LEASE_MS = 15_000;
const INTERRUPTED = 'The upload was interrupted. Send the statement again.';

/** Stores reconciliations: finished runs and those still to do. */
@Injectable()
export class Runs {
  constructor(private readonly database: Database) {}

  /**
   * A statement begins as an upload; other kinds run at once. null: another instance has already created this nightly
   * run.
   */
  async create({ provider, kind, from, to, by }: NewRun): Promise<string | null> {
    const rows = await this.database.query<{ id: string }>(
      `insert into reconciliations (id, provider, kind, status, from_at, to_at, created_by, lease_until)
       values ($1, $2, $3, $4, $5, $6, $7, case when $4 = 'uploading' then clock_timestamp() + $8 * interval '1 ms' end)
       on conflict do nothing returning id`,
      [newUuid(), provider, kind, kind === 'statement' ? 'uploading' : 'running', from, to, by, LEASE_MS],
    );
    return rows[0]?.id ?? null;
  }

  /** Stores the result of the comparison. The next instance that claims the run does the rest. */
  async saveComparison(client: PoolClient, id: string, { file, period, counts, isOver }: Matched): Promise<void> {
    const { rowCount } = await client.query(
      `update reconciliations set status = $2, step = 'matched', file_hash = $3, lines = $4, bad_lines = $5,
         bad_count = $6, counts = $7, pending_lines = $8, bad_counts = $9, format = $10, period_from = $11, period_to = $12,
         period_source = $13, lease_until = null, updated_at = clock_timestamp(),
         completed_at = case when $2 = 'completed' then clock_timestamp() end
       where id = $1 and status = 'uploading'`,
      [
        ...[id, isOver ? 'completed' : 'running', file.hash, file.lines, JSON.stringify(file.bad)],
        ...[countOf(file.badCounts), JSON.stringify(counts), file.pending, JSON.stringify(file.badCounts)],
        ...[JSON.stringify(file.format), period.from, period.to, period.source],
      ],
    );
    if (rowCount === 0) throw new Problem('overloaded', INTERRUPTED, { retryAfterSeconds: 1 });
  }

  /** Stores the progress of an upload and renews its lease. */
  async progress(id: string, lines: number): Promise<void> {
    await this.database.query(
      `update reconciliations set lines = $2, lease_until = clock_timestamp() + $3 * interval '1 ms',
         updated_at = clock_timestamp() where id = $1 and status = 'uploading'`,
      [id, lines, LEASE_MS],
    );
  }

  async fail(id: string, failure: string): Promise<void> {
    await this.database.query(
      `update reconciliations set status = 'failed', failure = $2, completed_at = clock_timestamp(), lease_until = null
       where id = $1 and status in ('uploading', 'running')`,
      [id, failure],
    );
  }

  /** Claims the oldest run that no instance works on. */
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

  async renewLease(id: string): Promise<void> {
    await this.database.query(
      `update reconciliations set lease_until = clock_timestamp() + $2 * interval '1 ms' where id = $1`,
      [id, LEASE_MS],
    );
  }

  /** Postpones a run that has to wait; any instance may claim it after `ms`. */
  async postpone(id: string, ms: number): Promise<void> {
    await this.database.query(
      `update reconciliations set lease_until = clock_timestamp() + $2 * interval '1 ms' where id = $1`,
      [id, ms],
    );
  }

  /** Stores a finished step: an interrupted run continues after it. */
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

  /** `id` is null when the caller's id was malformed. @throws Problem `not_found` */
  async require(id: string | null): Promise<Run> {
    const [run] = await this.database.query<Run>(`select ${COLUMNS} from reconciliations where id = $1`, [id]);
    if (!run) throw Problem.notFound('reconciliation');
    return run;
  }

  /** Newest first. */
  async list(limit: number, before: string | null): Promise<Run[]> {
    return this.database.query<Run>(
      `select ${COLUMNS} from reconciliations where $1::uuid is null or id < $1 order by id desc limit $2`,
      [before, limit],
    );
  }

  /** The time of the last nightly run; null: there was none. */
  async latestOfSchedule(): Promise<Date | null> {
    const rows = await this.database.query<{ at: Date | null }>(
      `select max(created_at) as at from reconciliations where created_by = 'gateway'`,
    );
    return rows[0]?.at ?? null;
  }

  /** Fails uploads whose instance has stopped. Their callers got no acknowledgment. */
  async failAbandoned(): Promise<void> {
    await this.database.query(
      `update reconciliations set status = 'failed', failure = $1, lease_until = null, completed_at = clock_timestamp()
       where status = 'uploading' and lease_until < clock_timestamp()`,
      [INTERRUPTED],
    );
  }
}
