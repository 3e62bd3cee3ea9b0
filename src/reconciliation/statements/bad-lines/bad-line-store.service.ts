import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { Database } from '../../../database/database.js';
import type { BadLineCode } from './bad-line.js';
import type { KeptCell } from './kept-cells.js';

/** More than a person corrects. The counts of a run include all bad lines. */
const MAX_KEPT = 100_000;

/** Stores the fault of each bad line, its transaction if it is one of the gateway's, and the cells for correction. */
const KEEP = `
insert into reconciliation_bad_lines (run_id, line_no, code, column_name, transaction_id, cells)
select distinct on (n.line_no) $1::uuid, n.line_no, n.code, n.column_name, n.id, n.cells
from named n where n.kind = 'bad' order by n.line_no limit ${MAX_KEPT}`;

export interface KeptBadLine {
  readonly line: number;
  readonly code: BadLineCode;
  readonly column: string | null;
  readonly transactionId: string | null;
  /** The cells of the columns that are read, in the order of the file. */
  readonly cells: readonly KeptCell[] | null;
}

/** Runs in the transaction of `client`, whose connection has the tables of the statement. */
export async function keepBadLines(client: PoolClient, runId: string): Promise<void> {
  await client.query(KEEP, [runId]);
}

/** The stored bad lines of statements, for correction. */
@Injectable()
export class BadLineStore {
  constructor(private readonly database: Database) {}

  /** In the order of the file. */
  async list(runId: string, afterLine: number, limit: number): Promise<KeptBadLine[]> {
    return this.database.query<KeptBadLine>(
      `select line_no as line, code, column_name as "column", transaction_id as "transactionId", cells
       from reconciliation_bad_lines where run_id = $1 and line_no > $2 order by line_no limit $3`,
      [runId, afterLine, limit],
    );
  }
}
