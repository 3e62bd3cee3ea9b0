import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type ClassConstructor } from 'class-transformer';
import { isObject, parse, readJson } from './parse.js';
import { SandboxSettings } from './settings.js';
import { Table, type Row } from './table.js';

/** The table name of a line that deletes all rows before it. */
const RESET = 'reset';

/**
 * The sandbox's state: one JSON line for each row written, appended before the answer that depends on it. A changed row
 * is written again as a whole, and the last line counts. A kill can cut the last line short. The request of that line
 * was not answered, so nothing is lost.
 */
@Injectable()
export class Journal implements OnApplicationShutdown {
  private readonly file: number | undefined;
  private readonly stored: Map<string, unknown[]>;
  private readonly tables: { clear(): void }[] = [];
  private readonly resetListeners: (() => void)[] = [];

  constructor({ journalFile }: SandboxSettings) {
    this.stored = journalFile === undefined ? new Map<string, unknown[]>() : load(journalFile);
    this.file = journalFile === undefined ? undefined : openSync(journalFile, 'a');
  }

  /** A table of rows of this class; `keys` are the other unique keys of a row. */
  table<T extends Row>(name: string, type: ClassConstructor<T>, keys?: (row: T) => string[]): Table<T> {
    const rows = (this.stored.get(name) ?? []).map((value) => readRow(name, type, value));
    const table = new Table<T>(rows, (row) => this.append({ table: name, row }), keys);
    this.stored.delete(name);
    this.tables.push(table);
    return table;
  }

  /** Calls the listener after a reset has deleted all rows. */
  onReset(listener: () => void): void {
    this.resetListeners.push(listener);
  }

  reset(): void {
    this.append({ table: RESET });
    for (const table of this.tables) table.clear();
    for (const listener of this.resetListeners) listener();
  }

  onApplicationShutdown(): void {
    if (this.file !== undefined) closeSync(this.file);
  }

  private append(line: unknown): void {
    if (this.file !== undefined) writeSync(this.file, `${JSON.stringify(line)}\n`);
  }
}

function load(path: string): Map<string, unknown[]> {
  const stored = new Map<string, unknown[]>();
  if (!existsSync(path)) return stored;
  const text = readFileSync(path, 'utf8');
  endLastLine(path, text);
  for (const line of text.split('\n')) {
    const value = readJson(line);
    // Unreadable: empty, or cut short by a kill before its request was answered.
    if (!isObject(value) || typeof value.table !== 'string') continue;
    if (value.table === RESET) stored.clear();
    else keep(stored, value.table, value.row);
  }
  return stored;
}

function keep(stored: Map<string, unknown[]>, table: string, row: unknown): void {
  const rows = stored.get(table);
  if (rows) rows.push(row);
  else stored.set(table, [row]);
}

/** Ends a line that was cut short, so that the next line is not appended to it. */
function endLastLine(path: string, text: string): void {
  if (text !== '' && !text.endsWith('\n')) appendFileSync(path, '\n');
}

function readRow<T extends Row>(name: string, type: ClassConstructor<T>, value: unknown): T {
  const parsed = parse(type, value);
  if (parsed.ok) return parsed.value;
  throw new Error(
    `The sandbox's journal holds a row of "${name}" that is not readable: ${JSON.stringify(parsed.problems)}`,
  );
}
