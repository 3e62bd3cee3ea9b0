import { Problem } from '../problem.js';
import { PlainRow } from './plain-row.js';
import { FORMATS, type Format, type StatementLine, type StatementProvider } from './statement-format.js';

/** What a cell may be that nobody looks at; a quote may hide a comma. */
const ANYTHING = String.raw`[^",\r\n]*`;

/** How to read a file's lines, by its header. */
export class StatementReader {
  private readonly format: Format;
  private readonly positions: ReadonlyMap<string, number>;
  /** A whole plain line with its end, of cells in the order of the file. */
  private readonly line: RegExp;

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
      return `(?:${plain ?? ANYTHING})`;
    });
    this.line = new RegExp(String.raw`${cells.join(',')}\r?\n`, 'y');
  }

  /** @throws BadLine */
  read(cells: readonly string[]): StatementLine {
    return this.format.read((column) => (cells[this.positions.get(column) ?? cells.length] ?? '').trim());
  }

  /** Where the line that begins at `start` ends, with its end, if it is a plain one; 0: it is none. */
  endOfPlain(text: string, start: number): number {
    this.line.lastIndex = start;
    return this.line.test(text) ? this.line.lastIndex : 0;
  }

  /** How the rows of plain lines are made of their cells. */
  plainRow(): PlainRow {
    const { transactionId, providerReference, reference, succeeded, amount, unit, at } = this.format.plain;
    const pieces = [transactionId, providerReference, reference, succeeded, amount, unit, at];
    return new PlainRow(pieces, this.positions);
  }
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
