import type { BusboyFileStream } from '@fastify/busboy';
import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { Database } from '../database/database.js';
import { Problem } from '../problem.js';
import { matchStatement, TIMEOUT_MS } from './match.js';
import { LEASE_MS, Runs, type Run } from './runs.js';
import type { StatementFile } from './statement-file.js';
import type { StatementProvider } from './statement-format.js';
import { uploadStatement } from './statement-upload.js';

/** Each has a connection to the database for as long as its file takes to arrive. */
const MAX_AT_ONCE = 4;

export interface NewStatement extends Pick<Run, 'id' | 'from' | 'to'> {
  readonly provider: StatementProvider;
  readonly columns: Readonly<Record<string, string>>;
}

/**
 * Takes statements: a file is compared with the ledger as soon as it is here, and acknowledged when what differs is kept.
 * Until then nothing of it is, and after that nothing but that: what a statement says of others is no business of ours.
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
  async take(statement: NewStatement, file: BusboyFileStream): Promise<string> {
    if (this.atOnce >= MAX_AT_ONCE) {
      throw new Problem('overloaded', 'Other statements are being read; send it in a minute.', {
        retryAfterSeconds: 60,
      });
    }
    this.atOnce += 1;
    const { id } = statement;
    let lines = 0;
    const keeping = setInterval(() => void this.runs.progress(id, lines).catch(() => undefined), LEASE_MS / 3);
    try {
      // Not used by others afterwards: it has the lines, and the settings for comparing them.
      return await this.database.apart(TIMEOUT_MS, async (client) => {
        const read = await uploadStatement(client, file, { ...statement, onLines: (count) => (lines = count) });
        if (file.truncated)
          throw new Problem('payload_too_large', 'The statement is larger than a gibibyte: split it.');
        return this.compare(client, statement, read);
      });
    } finally {
      clearInterval(keeping);
      this.atOnce -= 1;
    }
  }

  /** In one commit, and alone with that file. */
  private async compare(client: PoolClient, statement: NewStatement, file: StatementFile): Promise<string> {
    await client.query('begin');
    const earlier = await this.runs.sameFile(client, statement, file.hash);
    if (earlier === null) {
      const counts = await matchStatement(client, statement, file);
      await this.runs.matched(client, statement.id, {
        file,
        counts,
        isOver: counts['late_confirmation'] === undefined,
      });
    }
    await client.query('commit');
    return earlier ?? statement.id;
  }
}
