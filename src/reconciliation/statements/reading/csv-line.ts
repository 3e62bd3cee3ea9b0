export const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/** The cells of a line, and which of them have quotes that do not fit: those are as they stand in the line. */
export interface CsvLine {
  readonly cells: readonly string[];
  readonly damaged: ReadonlySet<number>;
}

const NONE: ReadonlySet<number> = new Set();
/** RFC 4180; blanks around the quotes are forgiven. */
const QUOTED = / *"((?:[^"]|"")*)" */y;
const OPENING = / *"/y;

/**
 * The cells of a line. A line is a record: it has no line breaks inside of quotes. A cell that begins with a quote and does
 * not end with one is taken as it stands, to the next delimiter, and takes no other with it.
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

interface Found {
  readonly cell: string;
  /** Of the delimiter behind it, or of the line. */
  readonly end: number;
}

function quotedAt(line: string, at: number, delimiter: Delimiter): Found | null {
  QUOTED.lastIndex = at;
  const [whole, inner = ''] = QUOTED.exec(line) ?? [];
  if (whole === undefined) return null;
  const end = at + whole.length;
  if (end < line.length && line[end] !== delimiter) return null;
  return { cell: inner.replaceAll('""', '"'), end };
}

function bareAt(line: string, at: number, delimiter: Delimiter): Found {
  const next = line.indexOf(delimiter, at);
  const end = next < 0 ? line.length : next;
  return { cell: line.slice(at, end), end };
}
