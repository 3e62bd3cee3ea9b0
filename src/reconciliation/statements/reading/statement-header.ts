import { Problem } from '../../../common/problem.js';
import { DELIMITERS, splitLine, type Delimiter } from './csv-line.js';
import { statementFormatOf } from '../../../providers/declared.js';

/** The file's own column names: `{ "amount": "Importe" }`. */
export type ColumnNames = Readonly<Record<string, string>>;

/** The content of the line that names the columns. */
export interface Header {
  readonly delimiter: Delimiter;
  /** Column names, folded for comparison; empty: a column without a name. */
  readonly names: readonly string[];
  /** Column names as in the file. */
  readonly titles: readonly string[];
  /** Positions of the columns that are read, by the gateway's name. */
  readonly positions: ReadonlyMap<string, number>;
}

/** The columns that are read, in the order of the file. */
export function columnsInOrder(positions: Iterable<readonly [string, number]>): string[] {
  return [...positions].toSorted(([, one], [, other]) => one - other).map(([name]) => name);
}

/** Byte order marks and zero-width characters, which editors leave in the first cell. */
const INVISIBLE = /\p{Cf}/gu;

/** Finds the line that names the columns of a provider's statement. */
export class HeaderFinder {
  /** The folded names to search for, by the gateway's name. */
  private readonly wanted: ReadonlyMap<string, string>;
  private readonly isOptional: (name: string) => boolean;

  /** @throws Problem when `names` has an unknown column, or the same column twice */
  constructor(
    provider: string,
    private readonly names: ColumnNames,
    private readonly delimiter: Delimiter | null,
  ) {
    const { columns } = statementFormatOf(provider);
    const known = Object.keys(columns);
    const unknownColumn = Object.keys(names).find((name) => !known.includes(name));
    if (unknownColumn !== undefined) throw Problem.invalid('/columns', `may only name the columns ${known.join(', ')}`);
    this.wanted = new Map(known.map((name) => [name, fold(names[name] ?? name)]));
    this.isOptional = (name) => columns[name]?.isOptional === true && names[name] === undefined;
    const duplicate = [...this.wanted].find(([name, folded]) => this.nameOf(folded) !== name);
    if (duplicate !== undefined) throw Problem.invalid('/columns', `names the column of ${duplicate[0]} twice`);
  }

  /**
   * Returns the header, or null for any other line. Its delimiter is the first one with which all columns are found.
   * @throws Problem when a column that is read occurs twice
   */
  find(line: string): Header | null {
    for (const delimiter of this.candidates()) {
      const { cells } = splitLine(line, delimiter);
      const names = cells.map(fold);
      if (this.missing(names).length > 0) continue;
      this.refuseDuplicates(names);
      const positions = [...this.wanted].flatMap(([name, folded]): [string, number][] => {
        const position = names.indexOf(folded);
        return position < 0 ? [] : [[name, position]];
      });
      return { delimiter, names, titles: cells.map(visible), positions: new Map(positions) };
    }
    return null;
  }

  /** The columns that the line lacks with the best delimiter. */
  missingColumns(line: string): string[] {
    return this.candidates()
      .map((delimiter) => this.missing(splitLine(line, delimiter).cells.map(fold)))
      .reduce((least, one) => (one.length < least.length ? one : least));
  }

  private candidates(): readonly Delimiter[] {
    return this.delimiter === null ? DELIMITERS : [this.delimiter];
  }

  private missing(names: readonly string[]): string[] {
    return [...this.wanted].flatMap(([name, folded]) =>
      names.includes(folded) || this.isOptional(name) ? [] : [this.names[name] ?? name],
    );
  }

  /** Also refuses a column under the gateway's name if another one is mapped to it: the right one is not known. */
  private refuseDuplicates(names: readonly string[]): void {
    for (const [name, folded] of this.wanted) {
      if (names.indexOf(folded) !== names.lastIndexOf(folded)) {
        throw Problem.invalid('/file', `has the column ${this.names[name] ?? name} more than once in its header`);
      }
      const own = fold(name);
      if (own !== folded && names.includes(own) && this.nameOf(own) === null) {
        throw Problem.invalid('/file', `has a column ${name}, but ${this.names[name] ?? name} is declared for it`);
      }
    }
  }

  private nameOf(folded: string): string | null {
    return [...this.wanted].find(([, one]) => one === folded)?.[0] ?? null;
  }
}

/** Folds a column name for comparison: surrounding blanks, case and invisible characters do not matter. */
function fold(name: string): string {
  return visible(name).replace(/\s+/g, ' ').normalize('NFC').toLowerCase();
}

function visible(name: string): string {
  return name.replace(INVISIBLE, '').trim();
}
