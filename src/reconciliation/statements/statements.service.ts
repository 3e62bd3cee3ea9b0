import type { BusboyFileStream } from '@fastify/busboy';
import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { Database } from '../../database/database.js';
import { Problem } from '../../common/problem.js';
import { keepBadLines } from './bad-lines/bad-line-store.service.js';
import type { DeclaredFormat } from './reading/declared-format.js';
import { keepBreaks } from './matching/keep-breaks.js';
import { keepLease } from '../runs/keep-lease.js';
import { matchStatement, TIMEOUT_MS } from './matching/statement-matcher.js';
import { Runs, type Run } from '../runs/runs.service.js';
import { earlierRun, lockStatements } from './same-file.js';
import type { StatementFile } from './reading/statement-file.js';
import type { ColumnNames } from './reading/statement-header.js';
import { rememberLines } from './statement-memory.js';
import { datesOf } from './statement-period.js';
import { countMatched, type StatementPreview } from './statement-preview.js';
import { uploadStatement } from './statement-upload.js';

/** Each upload holds a database connection until its file has arrived. */
const MAX_UPLOADS = 4;
const SAMPLES = 20;

export interface StatementRequest extends Pick<Run, 'from' | 'to'> {
  readonly provider: string;
  readonly columns: ColumnNames;
  readonly format: DeclaredFormat;
  /** The fields of the form without the file. */
  readonly subject: string;
}

/** The file of a form while it arrives. */
export interface ArrivingFile {
  readonly stream: BusboyFileStream;
  /** Call it after reading the stream. @throws Problem when another part follows the file */
  readonly end: () => Promise<void>;
}

/**
 * Reads statements and compares them with the ledger. A file is acknowledged when its breaks are committed; until then
 * nothing is stored. Of a line, only its transaction and its mark are stored, because a statement may contain data of
 * other systems.
 */
@Injectable()
export class Statements {
  private uploads = 0;

  constructor(
    private readonly database: Database,
    private readonly runs: Runs,
  ) {}

  /**
   * Returns the id of the run, or of an earlier run with the same file.
   * @throws Problem `validation_failed`, `payload_too_large`, `overloaded`
   */
  async take(id: string, request: StatementRequest, file: ArrivingFile): Promise<string> {
    let lines = 0;
    const keeping = keepLease(id, () => this.runs.progress(id, lines));
    try {
      return await this.withFile(request, file, { onLines: (count) => (lines = count) }, (client, read) =>
        this.compare(client, id, request, read),
      );
    } finally {
      clearInterval(keeping);
    }
  }

  /** Compares the statement and rolls back: nothing is stored. @throws Problem as `take` */
  async preview(request: StatementRequest, file: ArrivingFile): Promise<StatementPreview> {
    return this.withFile(request, file, { samples: SAMPLES, onLines: () => undefined }, async (client, read) => {
      await begin(client);
      const dated = await datesOf(client, request, read);
      const counts = await matchStatement(client, request, dated);
      const matched = await countMatched(client, request.provider);
      await client.query('rollback');
      return { file: dated.file, period: dated.period, counts, matched };
    });
  }

  /** Uses a connection that is closed afterwards, because it has temporary tables and changed settings. */
  private async withFile<Result>(
    request: StatementRequest,
    { stream, end }: ArrivingFile,
    options: { readonly samples?: number; readonly onLines: (lines: number) => void },
    work: (client: PoolClient, read: StatementFile) => Promise<Result>,
  ): Promise<Result> {
    if (this.uploads >= MAX_UPLOADS) {
      throw new Problem('overloaded', 'Other statements are being read. Retry in a minute.', {
        retryAfterSeconds: 60,
      });
    }
    this.uploads += 1;
    try {
      return await this.database.onOwnConnection(TIMEOUT_MS, async (client) => {
        const read = await uploadStatement(client, stream, { ...request, ...options });
        if (stream.truncated) throw new Problem('payload_too_large', 'The statement is larger than 1 GiB. Split it.');
        await end();
        return work(client, read);
      });
    } finally {
      this.uploads -= 1;
    }
  }

  /**
   * Compares and stores in one commit. Statements of a provider run one after the other, since each uses the earlier
   * ones.
   */
  private async compare(
    client: PoolClient,
    id: string,
    request: StatementRequest,
    read: StatementFile,
  ): Promise<string> {
    const { provider } = request;
    await begin(client);
    await lockStatements(client, provider);
    const earlier = await earlierRun(client, { id, provider }, read.hash);
    if (earlier === null) {
      const { file, period, ...dates } = await datesOf(client, request, read);
      const counts = await matchStatement(client, request, { file, period, ...dates });
      await keepBreaks(client, { id, provider }, file.content);
      await keepBadLines(client, id);
      await rememberLines(client, { id, provider }, file.ids);
      const isOver = counts['late_confirmation'] === undefined;
      await this.runs.saveComparison(client, id, { file, period, counts, isOver });
    }
    await client.query('commit');
    return earlier ?? id;
  }
}

async function begin(client: PoolClient): Promise<void> {
  await client.query('begin');
  await client.query(`set local statement_timeout = ${TIMEOUT_MS}`);
}
