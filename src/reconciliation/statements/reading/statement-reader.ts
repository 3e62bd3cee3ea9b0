import { BadLine } from '../bad-lines/bad-line.js';
import { splitLine, type CsvLine } from './csv-line.js';
import { hasReliableCells, keptCell, type KeptCell } from '../bad-lines/kept-cells.js';
import type { CellNotation } from './line-cells.js';
import { namedIdsIn } from './named-ids.js';
import { PlainRow } from '../fast-path/plain-row.js';
import type { StatementEncoding } from './statement-encoding.js';
import { statementFormatOf } from '../../../providers/declared.js';
import type { LineIds, StatementFormat, StatementLine } from './statement-format.js';
import { columnsInOrder, type Header } from './statement-header.js';

export interface ReaderOptions {
  readonly header: Header;
  readonly notation: CellNotation;
  readonly encoding: StatementEncoding;
}

/**
 * `ids`: all transactions that the bad line may concern. `cells`: its cells for correction; null: they are not known.
 */
export type LineReading =
  | { readonly line: StatementLine }
  | { readonly bad: BadLine; readonly ids: readonly LineIds[]; readonly cells: readonly KeptCell[] | null };

const TOTAL = /^(?:sub\s*-?\s*|grand\s+|gran\s+)?(?:totals?|totales|suma)\b/i;
/** The id cell of summary lines: words for totals and balances, without digits. */
const SUMMARY =
  /^(?:(?:sub\s*-?\s*|grand\s+|gran\s+)?(?:totals?|totales|suma)(?:[\s:]\D*)?|saldo(?:\s\D*)?:?|(?:(?:opening|closing|initial|final|previous)\s+)?balance:?)$/i;

/** Reads the lines of a file by its header. Lines have one character per byte. */
export class StatementReader {
  private readonly format: StatementFormat;
  /** The first column of the format. */
  private readonly idColumn: string;
  /** Match a complete plain line with its line end. Unread cells may contain ASCII only, or any byte (`anyLine`). */
  private readonly asciiLine: RegExp;
  private readonly anyLine: RegExp;

  constructor(
    provider: string,
    private readonly options: ReaderOptions,
  ) {
    this.format = statementFormatOf(provider);
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
      const ids = namedIdsIn(text, this.format.ids, (column) => this.rawCell(csv, column), isGlued);
      return { bad, ids, cells: this.keptCells(csv, bad) };
    }
  }

  /**
   * Splits lines that are separated by carriage returns. The text stays one line unless each part has enough cells: a
   * carriage return in an unread cell does not end a line.
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

  /** The index after the plain line that begins at `start`, including its line end; 0: the line is not plain. */
  endOfPlain(text: string, start: number): number {
    // Plain amounts have a decimal point.
    if (this.options.notation.amounts.decimal === ',') return 0;
    const line = this.options.encoding.encoding === null ? this.asciiLine : this.anyLine;
    line.lastIndex = start;
    return line.test(text) ? line.lastIndex : 0;
  }

  /** Returns the converter of plain lines to rows. */
  plainRow(): PlainRow {
    const { delimiter, positions } = this.options.header;
    return new PlainRow(this.format, positions, delimiter.charCodeAt(0));
  }

  private plainLine(unreadable: string): RegExp {
    const { names, positions, delimiter } = this.options.header;
    const columnAt = new Map([...positions].map(([name, position]) => [position, name]));
    const separator = delimiter === '|' ? String.raw`\|` : delimiter;
    // Without quotes, because a quoted cell may contain the delimiter.
    const anything = `[^"\\r\\n${separator}${unreadable}]*`;
    const cells = names.map((name, position) => {
      const plain = this.format.columns[columnAt.get(position) ?? '']?.plain;
      return `(?:${plain ?? (name === '' ? '' : anything)})`;
    });
    return new RegExp(String.raw`${cells.join(separator)}\r?\n`, 'y');
  }

  /** @throws BadLine when the cells do not fit the header */
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

  /** The cells to store for correction. Unread columns are left empty. */
  private keptCells(csv: CsvLine, { code }: BadLine): KeptCell[] | null {
    if (csv.damaged.size > 0 || !hasReliableCells(code)) return null;
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

  /** True when the first text is a word for totals, or when the line has an amount but neither an id nor a date. */
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
