import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type ClassConstructor } from 'class-transformer';
import { isObject, parse, readJson } from './parse.js';
import { SETTINGS, type SandboxSettings } from './settings.js';
import { Table, type Row } from './table.js';

/** A line that says that everything before it is forgotten. */
const RESET = 'reset';

/**
 * What the sandbox remembers: one JSON line per row written, appended before the answer that depends on it. A row is
 * written whole each time it changes and the last line wins, so that a line cut short by a kill costs nothing but the
 * answer that nobody got.
 */
@Injectable()
export class Journal implements OnApplicationShutdown {
  private readonly file: number | undefined;
  private readonly stored: Map<string, unknown[]>;
  private readonly tables: { clear(): void }[] = [];
  private readonly resetListeners: (() => void)[] = [];

  constructor(@Inject(SETTINGS) settings: SandboxSettings) {
    this.stored = settings.journalFile === undefined ? new Map<string, unknown[]>() : load(settings.journalFile);
    this.file = settings.journalFile === undefined ? undefined : openSync(settings.journalFile, 'a');
  }

  /** A table of rows of that class; `keys` are further unique keys of a row. */
  table<T extends Row>(name: string, type: ClassConstructor<T>, keys?: (row: T) => string[]): Table<T> {
    const rows = (this.stored.get(name) ?? []).map((value) => readRow(name, type, value));
    const table = new Table<T>(rows, (row) => this.append({ table: name, row }), keys);
    this.stored.delete(name);
    this.tables.push(table);
    return table;
  }

  /** Called after everything was forgotten. */
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
    // Not readable: empty, or cut short by a kill before anybody was answered.
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

/** A line cut short would swallow the next one that is appended to it. */
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
