import { Problem } from '../problem.js';
import { FORMATS, type Format, type StatementLine, type StatementProvider } from './statement-format.js';

/** What a cell may be that nobody looks at; a quote may hide a comma. */
const ANYTHING = String.raw`[^",\r\n]*`;

/** How to read a file's lines, by its header. */
export class StatementReader {
  private readonly format: Format;
  private readonly positions: ReadonlyMap<string, number>;
  /** Of a whole plain line with its end; the groups are the cells in the order of the file. */
  private readonly plain: RegExp;
  private match: RegExpExecArray | null = null;

  /**
   * `mapping` gives other names for columns: `{ "amount": "Importe" }`.
   * @throws Problem `validation_failed` when a column is missing or the mapping names one that is not known
   */
  constructor(provider: StatementProvider, header: readonly string[], mapping: Readonly<Record<string, string>>) {
    this.format = FORMATS[provider];
    this.positions = positionsOf(this.format, header, mapping);
    const columnAt = new Map([...this.positions].map(([name, position]) => [position, name]));
    const cells = header.map((_name, position) => {
      const plain = this.format.columns[columnAt.get(position) ?? '']?.plain;
      return `(${plain ?? ANYTHING})`;
    });
    this.plain = new RegExp(String.raw`${cells.join(',')}\r?\n`, 'y');
  }

  /** @throws BadLine */
  read(cells: readonly string[]): StatementLine {
    return this.format.read((column) => (cells[this.positions.get(column) ?? cells.length] ?? '').trim());
  }

  /** The line that begins at `start`, if it is a plain one with its end; `end` is where the next begins. */
  readPlain(text: string, start: number): { readonly line: StatementLine; readonly end: number } | null {
    this.plain.lastIndex = start;
    this.match = this.plain.exec(text);
    return this.match && { line: this.format.readPlain(this.plainCell), end: this.plain.lastIndex };
  }

  private readonly plainCell = (column: string): string => {
    const position = this.positions.get(column);
    return position === undefined ? '' : (this.match?.[position + 1] ?? '');
  };
}

function positionsOf(
  { columns }: Format,
  header: readonly string[],
  mapping: Readonly<Record<string, string>>,
): ReadonlyMap<string, number> {
  const names = Object.keys(columns);
  const stranger = Object.keys(mapping).find((name) => !names.includes(name));
  if (stranger !== undefined) throw Problem.invalid('/columns', `knows the columns ${names.join(', ')} only`);
  const found = new Map(header.map((name, position) => [fold(name), position]));
  const positions = Object.entries(columns).flatMap(([name, { isOptional }]): [string, number][] => {
    const position = found.get(fold(mapping[name] ?? name));
    if (position !== undefined) return [[name, position]];
    if (isOptional && mapping[name] === undefined) return [];
    throw Problem.invalid('/file', `has no column ${name} in its first line; name another one in "columns"`);
  });
  return new Map(positions);
}

function fold(name: string): string {
  return name.trim().toLowerCase();
}
