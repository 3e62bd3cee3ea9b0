export const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/** The cells of a line, and the positions of cells with unbalanced quotes, which are kept as in the file. */
export interface CsvLine {
  readonly cells: readonly string[];
  readonly damaged: ReadonlySet<number>;
}

const NONE: ReadonlySet<number> = new Set();
/** RFC 4180; blanks around the quotes are allowed. */
const QUOTED = / *"((?:[^"]|"")*)" */y;
const OPENING = / *"/y;

/**
 * Splits a line into cells. Quoted cells cannot contain line breaks: each line is one record. A cell that begins with a
 * quote but does not end with one reaches to the next delimiter and is kept as in the file.
 */
export function splitLine(line: string, delimiter: Delimiter): CsvLine {
  if (!line.includes('"')) return { cells: line.split(delimiter), damaged: NONE };
  const cells: string[] = [];
  const damaged = new Set<number>();
  for (let at = 0; at <= line.length;) {
    OPENING.lastIndex = at;
    const isQuoted = OPENING.test(line);
    const quoted = isQuoted ? quotedAt(line, at, delimiter) : null;
    if (isQuoted && quoted === null) damaged.add(cells.length);
    const found = quoted ?? bareAt(line, at, delimiter);
    cells.push(found.cell);
    at = found.end + 1;
  }
  return { cells, damaged };
}

interface FoundCell {
  readonly cell: string;
  /** The position of the delimiter after the cell, or the end of the line. */
  readonly end: number;
}

function quotedAt(line: string, at: number, delimiter: Delimiter): FoundCell | null {
  QUOTED.lastIndex = at;
  const [whole, inner = ''] = QUOTED.exec(line) ?? [];
  if (whole === undefined) return null;
  const end = at + whole.length;
  if (end < line.length && line[end] !== delimiter) return null;
  return { cell: inner.replaceAll('""', '"'), end };
}

function bareAt(line: string, at: number, delimiter: Delimiter): FoundCell {
  const next = line.indexOf(delimiter, at);
  const end = next < 0 ? line.length : next;
  return { cell: line.slice(at, end), end };
}
