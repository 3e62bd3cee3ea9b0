import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Problem } from '../problem.js';
import { LINES } from './match.js';
import type { StatementFile } from './statement-file.js';
import type { StatementProvider } from './statement-format.js';
import { StatementRows } from './statement-rows.js';

/** Each of these is a short statement of its own: an upload may take hours, and holds nothing meanwhile. */
const BATCH_BYTES = 1024 * 1024;

export interface UploadRequest {
  readonly provider: StatementProvider;
  readonly columns: Readonly<Record<string, string>>;
  readonly onLines: (lines: number) => void;
}

/**
 * Streams a statement into the table `lines` of that connection as it arrives: memory does not grow with the file.
 * @throws Problem `validation_failed` when the file is no statement of that provider
 */
export async function uploadStatement(
  client: PoolClient,
  file: Readable,
  { provider, columns, onLines }: UploadRequest,
): Promise<StatementFile> {
  const hash = createHash('sha256').update(`${provider}\n${JSON.stringify(columns)}\n`);
  const rows = new StatementRows(provider, columns);
  let copying = Promise.resolve();
  const copyOn = async (): Promise<void> => {
    await copying;
    onLines(rows.count);
    copying = copy(client, rows.take());
    // Whether it went well is asked before the next one.
    copying.catch(() => undefined);
  };
  await client.query(LINES);
  for await (const chunk of chunksOf(file)) {
    hash.update(chunk);
    rows.add(chunk);
    if (rows.size > BATCH_BYTES) await copyOn();
  }
  rows.end();
  await copyOn();
  await copying;
  if (!rows.hasHeader) throw Problem.invalid('/file', 'is empty: its first line must name the columns');
  const { count: lines, bad, badCount, span } = rows;
  return { hash: hash.digest(), lines, bad, badCount, ...span };
}

function chunksOf(file: Readable): AsyncIterable<Buffer> {
  return file;
}

async function copy(client: PoolClient, rows: Buffer): Promise<void> {
  const stream = client.query(copyFrom('copy lines from stdin'));
  stream.end(rows);
  await finished(stream);
}
