import { Problem } from '../../../common/problem.js';
import { BadLine } from '../bad-lines/bad-line.js';
import type { Delimiter } from './csv-line.js';
import type { StatementEncoding } from './statement-encoding.js';
import type { StatementProvider } from './statement-format.js';
import { HeaderFinder, type ColumnNames, type Header } from './statement-header.js';

/** What stands before the header: titles of exports, `sep=;` of spreadsheets. */
const MAX_LINES_BEFORE = 20;
const SEPARATOR_LINE = /^\s*"?sep=.?"?[\s,;|]*$/i;
const NUL = '\0';

/** Looks for the header in the first lines of a file. */
export class HeaderSearch {
  found: (Header & { readonly line: number }) | null = null;
  private readonly finder: HeaderFinder;
  private looked = 0;
  /** The line that has most of the columns, for the error. */
  private lacks: readonly string[] | null = null;

  constructor(
    provider: StatementProvider,
    columns: ColumnNames,
    private readonly file: { readonly declared: Delimiter | null; readonly encoding: StatementEncoding },
  ) {
    this.finder = new HeaderFinder(provider, columns, file.declared);
  }

  /** null: it is not this line. @throws Problem `validation_failed` when it is in none of the first lines */
  look(line: string, lineNo: number): Header | null {
    if (line.trim() === '' || SEPARATOR_LINE.test(line)) return null;
    if (line.includes(NUL)) {
      throw Problem.invalid('/file', 'looks like UTF-16 without a byte order mark: declare it in format.encoding');
    }
    if (line.includes('\r')) throw returnsAlone();
    const text = this.textOf(line);
    const header = this.finder.find(text);
    if (header !== null) {
      this.found = { ...header, line: lineNo };
      return header;
    }
    this.looked += 1;
    const lacks = this.finder.lacks(text);
    if (this.lacks === null || lacks.length < this.lacks.length) this.lacks = lacks;
    if (this.looked > MAX_LINES_BEFORE) throw this.missing();
    return null;
  }

  missing(): Problem {
    if (this.lacks === null) return Problem.invalid('/file', 'is empty: its first line must name the columns');
    const names = this.lacks.join(', ');
    return Problem.invalid('/file', `has no column ${names} in its first line; name another one in "columns"`);
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

export function returnsAlone(): Problem {
  return Problem.invalid('/file', 'ends its lines with carriage returns alone: save it with LF or CRLF');
}
