import { Problem } from '../../../common/problem.js';
import { BadLine } from '../bad-lines/bad-line.js';
import type { Delimiter } from './csv-line.js';
import type { StatementEncoding } from './statement-encoding.js';
import { HeaderFinder, type ColumnNames, type Header } from './statement-header.js';

/** Lines before the header, e.g. titles of exports or `sep=;` of spreadsheets. */
const MAX_LINES_BEFORE = 20;
const SEPARATOR_LINE = /^\s*"?sep=.?"?[\s,;|]*$/i;
const NUL = '\0';

/** Searches for the header in the first lines of a file. */
export class HeaderSearch {
  found: (Header & { readonly line: number }) | null = null;
  private readonly finder: HeaderFinder;
  private linesTried = 0;
  /** The columns that the best candidate line lacks, for the error. */
  private lacks: readonly string[] | null = null;

  constructor(
    provider: string,
    columns: ColumnNames,
    private readonly file: { readonly declared: Delimiter | null; readonly encoding: StatementEncoding },
  ) {
    this.finder = new HeaderFinder(provider, columns, file.declared);
  }

  /** null: this line is not the header. @throws Problem `validation_failed` when no header is in the first lines */
  tryLine(line: string, lineNo: number): Header | null {
    if (line.trim() === '' || SEPARATOR_LINE.test(line)) return null;
    if (line.includes(NUL)) {
      throw Problem.invalid(
        '/file',
        'looks like UTF-16 without a byte order mark; declare the encoding in format.encoding',
      );
    }
    if (line.includes('\r')) throw returnsOnly();
    const text = this.textOf(line);
    const header = this.finder.find(text);
    if (header !== null) {
      this.found = { ...header, line: lineNo };
      return header;
    }
    this.linesTried += 1;
    const lacks = this.finder.missingColumns(text);
    if (this.lacks === null || lacks.length < this.lacks.length) this.lacks = lacks;
    if (this.linesTried > MAX_LINES_BEFORE) throw this.missing();
    return null;
  }

  missing(): Problem {
    if (this.lacks === null) return Problem.invalid('/file', 'is empty; its first line must name the columns');
    const names = this.lacks.join(', ');
    return Problem.invalid(
      '/file',
      `has no column ${names} in its first line; if it has another name there, give it in "columns"`,
    );
  }

  private textOf(line: string): string {
    try {
      return this.file.encoding.decode(line, null);
    } catch (error) {
      if (error instanceof BadLine) return line;
      throw error;
    }
  }
}

export function returnsOnly(): Problem {
  return Problem.invalid('/file', 'separates lines by carriage returns only; save it with LF or CRLF');
}
