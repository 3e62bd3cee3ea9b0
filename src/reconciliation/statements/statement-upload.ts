import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { NOTHING_DECLARED, type DeclaredFormat } from './reading/declared-format.js';
import { gatherAgain, gatherLines, NOTHING_GATHERED, type Gathered } from './statement-memory.js';
import { COLUMNS_OF_LINES, LINES, NAMED_LINES, PAGES, SUSPECTS } from './statement-tables.js';
import type { RecognizedFormat, StatementFile } from './reading/statement-file.js';
import type { ColumnNames } from './reading/statement-header.js';
import { StatementRows } from './reading/statement-rows.js';

/** Each batch is a short statement of its own: an upload may take hours and must not keep a transaction open. */
const BATCH_BYTES = 1024 * 1024;

export interface UploadRequest {
  readonly provider: string;
  readonly columns: ColumnNames;
  readonly format?: DeclaredFormat;
  /** Part of the file's hash: the same bytes with another subject (period, format) are another statement. */
  readonly subject?: string;
  /** The number of first lines to keep as they were read, for the preview. */
  readonly samples?: number;
  readonly onLines: (lines: number) => void;
}

/**
 * Streams a statement into the tables `lines` and `named_lines` of the connection while it arrives. Memory does not grow
 * with the file.
 * @throws Problem `validation_failed` when the file is not a statement of the provider
 */
export async function uploadStatement(
  client: PoolClient,
  file: Readable,
  request: UploadRequest,
): Promise<StatementFile> {
  const { provider, columns, subject = '', onLines } = request;
  const optionsHash = createHash('sha256').update(`${provider}\n${JSON.stringify(columns)}\n${subject}\n`);
  const contentHash = createHash('sha256');
  const rows = new StatementRows(request);
  let copying = Promise.resolve(NOTHING_GATHERED);
  const copyBatch = async (): Promise<void> => {
    const gathered = await copying;
    onLines(rows.count);
    copying = copyRows(client, rows.take(), gathered);
    // The next batch awaits the result, including an error.
    copying.catch(() => undefined);
  };
  for (const table of [LINES, NAMED_LINES, SUSPECTS, PAGES]) await client.query(table);
  for await (const chunk of chunksOf(file)) {
    contentHash.update(chunk);
    rows.add(chunk);
    if (rows.size > BATCH_BYTES) await copyBatch();
  }
  rows.end();
  await copyBatch();
  const { count: gathered } = await copying;
  if (gathered < rows.kept) await gatherAgain(client);
  const { count: lines, pending, bad, times, ids, samples } = rows;
  const badCounts = Object.fromEntries(rows.badCounts);
  const content = contentHash.digest();
  const hash = Buffer.concat([content, optionsHash.digest()]);
  return { content, hash, lines, pending, bad, badCounts, times, ids, samples, format: formatOf(rows, request) };
}

function formatOf({ header, encoding }: StatementRows, request: UploadRequest): RecognizedFormat {
  const { decimal, thousands, dates, clock } = request.format ?? NOTHING_DECLARED;
  if (header === null) throw new Error('the statement has no header');
  return {
    delimiter: header.delimiter,
    encoding,
    headerLine: header.line,
    columns: Object.fromEntries([...header.positions].map(([name, position]) => [name, position + 1])),
    names: Object.fromEntries([...header.positions].map(([name, position]) => [name, header.titles[position] ?? name])),
    decimal,
    thousands,
    dates: dates ?? 'yyyy-mm-dd',
    timeZone: clock?.timeZone ?? 'UTC',
  };
}

function chunksOf(file: Readable): AsyncIterable<Buffer> {
  return file;
}

async function copyRows(
  client: PoolClient,
  { lines, named }: ReturnType<StatementRows['take']>,
  gathered: Gathered,
): Promise<Gathered> {
  if (named.length > 0) await copy(client, 'named_lines', named);
  if (lines.length === 0) return gathered;
  await copy(client, `lines (${COLUMNS_OF_LINES})`, lines);
  return gatherLines(client, gathered);
}

async function copy(client: PoolClient, table: string, rows: Buffer): Promise<void> {
  const stream = client.query(copyFrom(`copy ${table} from stdin`));
  stream.end(rows);
  await finished(stream);
}
