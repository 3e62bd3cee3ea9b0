import type { BusboyFileStream } from '@fastify/busboy';
import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { Database } from '../../database/database.js';
import { Problem } from '../../common/problem.js';
import { keepBadLines } from './bad-lines/bad-line-store.js';
import type { DeclaredFormat } from './reading/declared-format.js';
import { keepBreaks } from './matching/keep-breaks.js';
import { keepLease } from '../runs/keep-lease.js';
import { matchStatement, TIMEOUT_MS } from './matching/statement-matcher.js';
import { Runs, type Run } from '../runs/runs.service.js';
import { earlierRun, waitForOthers } from './same-file.js';
import type { StatementFile } from './reading/statement-file.js';
import type { StatementProvider } from './reading/statement-format.js';
import type { ColumnNames } from './reading/statement-header.js';
import { rememberLines } from './statement-memory.js';
import { datesOf } from './statement-period.js';
import { countMatched, type StatementPreview } from './statement-preview.js';
import { uploadStatement } from './statement-upload.js';

/** Each has a connection to the database for as long as its file takes to arrive. */
const MAX_AT_ONCE = 4;
const SAMPLES = 20;

export interface StatementRequest extends Pick<Run, 'from' | 'to'> {
  readonly provider: StatementProvider;
  readonly columns: ColumnNames;
  readonly format: DeclaredFormat;
  /** All of the form but the file. */
  readonly subject: string;
}

/** A file as it arrives, and what has to be true of the form once it has. */
export interface ArrivingFile {
  readonly stream: BusboyFileStream;
  /** @throws Problem when something follows that had to come before */
  readonly end: () => Promise<void>;
}

/**
 * Takes statements: a file is compared with the ledger as soon as it is here, and acknowledged when what differs is kept.
 * Until then nothing of it is. Of its lines stays which transactions they were about: what a statement says of others is no
 * business of ours.
 */
@Injectable()
export class Statements {
  private atOnce = 0;

  constructor(
    private readonly database: Database,
    private readonly runs: Runs,
  ) {}

  /**
   * Answers with the id of the run, or of an earlier one that had the same file.
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

  /** What would be found: nothing of it is kept. @throws Problem as `take` */
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

  /** On a connection that is not used by others afterwards: it has the lines, and the settings for comparing them. */
  private async withFile<Result>(
    request: StatementRequest,
    { stream, end }: ArrivingFile,
    options: { readonly samples?: number; readonly onLines: (lines: number) => void },
    work: (client: PoolClient, read: StatementFile) => Promise<Result>,
  ): Promise<Result> {
    if (this.atOnce >= MAX_AT_ONCE) {
      throw new Problem('overloaded', 'Other statements are being read; retry in a minute.', {
        retryAfterSeconds: 60,
      });
    }
    this.atOnce += 1;
    try {
      return await this.database.apart(TIMEOUT_MS, async (client) => {
        const read = await uploadStatement(client, stream, { ...request, ...options });
        if (stream.truncated)
          throw new Problem('payload_too_large', 'The statement is larger than a gibibyte: split it.');
        await end();
        return work(client, read);
      });
    } finally {
      this.atOnce -= 1;
    }
  }

  /** In one commit, and one statement of a provider after the other: what one had another has to know. */
  private async compare(
    client: PoolClient,
    id: string,
    request: StatementRequest,
    read: StatementFile,
  ): Promise<string> {
    const { provider } = request;
    await begin(client);
    await waitForOthers(client, provider);
    const earlier = await earlierRun(client, { id, provider }, read.hash);
    if (earlier === null) {
      const { file, period, ...dates } = await datesOf(client, request, read);
      const counts = await matchStatement(client, request, { file, period, ...dates });
      await keepBreaks(client, { id, provider }, file.content);
      await keepBadLines(client, id);
      await rememberLines(client, { id, provider }, file.ids);
      const isOver = counts['late_confirmation'] === undefined;
      await this.runs.matched(client, id, { file, period, counts, isOver });
    }
    await client.query('commit');
    return earlier ?? id;
  }
}

async function begin(client: PoolClient): Promise<void> {
  await client.query('begin');
  await client.query(`set local statement_timeout = ${TIMEOUT_MS}`);
}
