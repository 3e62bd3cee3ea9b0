import { BadLine } from '../bad-lines/bad-line.js';
import { splitLine, type CsvLine } from './csv-line.js';
import { hasCells, keptCell, type KeptCell } from '../bad-lines/kept-cells.js';
import type { CellNotation } from './line-cells.js';
import { namesIn } from './named-ids.js';
import { PlainRow } from '../fast-path/plain-row.js';
import type { StatementEncoding } from './statement-encoding.js';
import { FORMATS, type Format, type LineIds, type StatementLine, type StatementProvider } from './statement-format.js';
import { columnsInOrder, type Header } from './statement-header.js';

export interface ReaderOptions {
  readonly header: Header;
  readonly notation: CellNotation;
  readonly encoding: StatementEncoding;
}

/** `ids`: of all transactions that the line may be about. `cells`: to be corrected; null: they cannot be told. */
export type LineReading =
  | { readonly line: StatementLine }
  | { readonly bad: BadLine; readonly ids: readonly LineIds[]; readonly cells: readonly KeptCell[] | null };

const TOTAL = /^(?:sub\s*-?\s*|grand\s+|gran\s+)?(?:totals?|totales|suma)\b/i;
/** What summary lines have in place of an id, whatever else they have: words for totals and balances, and no digits. */
const SUMMARY =
  /^(?:(?:sub\s*-?\s*|grand\s+|gran\s+)?(?:totals?|totales|suma)(?:[\s:]\D*)?|saldo(?:\s\D*)?:?|(?:(?:opening|closing|initial|final|previous)\s+)?balance:?)$/i;

/** How to read a file's lines, by its header. A character of what it reads is a byte. */
export class StatementReader {
  private readonly format: Format;
  /** The first of its format. */
  private readonly idColumn: string;
  /** A whole plain line with its end, of cells in the order of the file; in unread cells only ASCII, or anything. */
  private readonly asciiLine: RegExp;
  private readonly anyLine: RegExp;

  constructor(
    provider: StatementProvider,
    private readonly options: ReaderOptions,
  ) {
    this.format = FORMATS[provider];
    this.idColumn = Object.keys(this.format.columns)[0] ?? '';
    this.asciiLine = this.plainLine(String.raw`\x80-\xff`);
    this.anyLine = this.plainLine('');
  }

  /** null: the line is empty. */
  read(text: string): LineReading | null {
    const csv = splitLine(text, this.options.header.delimiter);
    if (csv.cells.every((cell) => blank(cell))) return null;
    try {
      this.assertShape(csv);
      if (SUMMARY.test(this.rawCell(csv, this.idColumn).trim())) throw new BadLine('total');
      return { line: this.format.read((column) => this.cell(csv, column), this.options.notation) };
    } catch (error) {
      if (!(error instanceof BadLine)) throw error;
      const bad = this.isTotal(csv)
        ? new BadLine('total')
        : this.repeatsHeader(csv)
          ? new BadLine('repeated_header')
          : error;
      const isGlued = csv.cells.length > this.options.header.names.length;
      const ids = namesIn(text, this.format.ids, (column) => this.rawCell(csv, column), isGlued);
      return { bad, ids, cells: this.keptCells(csv, bad) };
    }
  }

  /**
   * The lines that are glued together by carriage returns: one, unless each part has as many cells as a line needs. (A
   * return in a cell that is not read is no end of a line.)
   */
  linesIn(text: string): readonly string[] {
    if (!text.includes('\r')) return [text];
    const { header } = this.options;
    const least = Math.max(...header.positions.values());
    const parts = text.split('\r');
    const isLine = (part: string): boolean => {
      const { length } = splitLine(part, header.delimiter).cells;
      return length > least && length <= header.names.length;
    };
    return parts.every((part) => part === '' || isLine(part)) ? parts : [text];
  }

  /** Where the line that begins at `start` ends, with its end, if it is a plain one; 0: it is none. */
  endOfPlain(text: string, start: number): number {
    // Plain amounts have a decimal point.
    if (this.options.notation.amounts.decimal === ',') return 0;
    const line = this.options.encoding.encoding === null ? this.asciiLine : this.anyLine;
    line.lastIndex = start;
    return line.test(text) ? line.lastIndex : 0;
  }

  /** How the rows of plain lines are made of their cells. */
  plainRow(): PlainRow {
    const { delimiter, positions } = this.options.header;
    return new PlainRow(this.format, positions, delimiter.charCodeAt(0));
  }

  private plainLine(unreadable: string): RegExp {
    const { names, positions, delimiter } = this.options.header;
    const columnAt = new Map([...positions].map(([name, position]) => [position, name]));
    const separator = delimiter === '|' ? String.raw`\|` : delimiter;
    // A quote may hide a delimiter.
    const anything = `[^"\\r\\n${separator}${unreadable}]*`;
    const cells = names.map((name, position) => {
      const plain = this.format.columns[columnAt.get(position) ?? '']?.plain;
      return `(?:${plain ?? (name === '' ? '' : anything)})`;
    });
    return new RegExp(String.raw`${cells.join(separator)}\r?\n`, 'y');
  }

  /** @throws BadLine when the cells are not those of the header */
  private assertShape({ cells, damaged }: CsvLine): void {
    const { names, positions } = this.options.header;
    if (cells.length > names.length) throw new BadLine('too_many_cells');
    if (cells.some((cell, position) => names[position] === '' && !blank(cell))) throw new BadLine('nameless_cell');
    for (const [column, position] of positions) {
      if (this.format.columns[column]?.plain === null) continue;
      if (damaged.has(position)) throw new BadLine('quotes', column);
      if (position >= cells.length) throw new BadLine('too_few_cells', column);
    }
  }

  /** @throws BadLine */
  private cell(csv: CsvLine, column: string): string {
    return this.options.encoding.decode(this.rawCell(csv, column), column).trim();
  }

  /** Nothing of columns at which nobody looks, although the file has them. */
  private keptCells(csv: CsvLine, { code }: BadLine): KeptCell[] | null {
    if (csv.damaged.size > 0 || !hasCells(code)) return null;
    return columnsInOrder(this.options.header.positions).map((column) => {
      if (this.format.columns[column]?.plain === null) return '';
      try {
        return keptCell(this.cell(csv, column));
      } catch (error) {
        if (error instanceof BadLine) return null;
        throw error;
      }
    });
  }

  private rawCell({ cells }: CsvLine, column: string): string {
    return cells[this.options.header.positions.get(column) ?? cells.length] ?? '';
  }

  /** A line of which the first text is a word for totals, or that has an amount and neither an id nor a date. */
  private isTotal(csv: CsvLine): boolean {
    const required = Object.entries(this.format.columns).flatMap(([name, { isOptional }]) =>
      isOptional ? [] : [name],
    );
    const empty = required.filter((column) => blank(this.rawCell(csv, column)));
    if (empty.length === 0) return false;
    const first = csv.cells.find((cell) => !blank(cell)) ?? '';
    return TOTAL.test(first.trim()) || (empty.includes(required[0] ?? '') && empty.includes('date'));
  }

  private repeatsHeader({ cells }: CsvLine): boolean {
    const { names, positions } = this.options.header;
    return [...positions.values()].every(
      (position) => (cells[position] ?? '').trim().toLowerCase() === names[position],
    );
  }
}

function blank(cell: string): boolean {
  return cell.trim() === '';
}
