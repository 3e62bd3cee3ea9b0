import { Problem } from '../../../common/problem.js';
import { DELIMITERS, splitLine, type Delimiter } from './csv-line.js';
import { FORMATS, type StatementProvider } from './statement-format.js';

/** Other names of columns: `{ "amount": "Importe" }`. */
export type ColumnNames = Readonly<Record<string, string>>;

/** What the line that names the columns says. */
export interface Header {
  readonly delimiter: Delimiter;
  /** Folded; empty: a column without a name. */
  readonly names: readonly string[];
  /** The same as the file has them. */
  readonly titles: readonly string[];
  /** Of the columns that are read, by the gateway's name. */
  readonly positions: ReadonlyMap<string, number>;
}

/** The columns that are read, as they stand in the file. */
export function columnsInOrder(positions: Iterable<readonly [string, number]>): string[] {
  return [...positions].toSorted(([, one], [, other]) => one - other).map(([name]) => name);
}

/** Byte order mark, zero-width characters: what editors leave in the first cell. */
const INVISIBLE = /\p{Cf}/gu;

/** Finds the line that names the columns of a provider's statement. */
export class HeaderFinder {
  /** Folded, by the gateway's name. */
  private readonly wanted: ReadonlyMap<string, string>;
  private readonly isOptional: (name: string) => boolean;

  /** @throws Problem when `names` has a column that is not known, or one twice */
  constructor(
    provider: StatementProvider,
    private readonly names: ColumnNames,
    private readonly delimiter: Delimiter | null,
  ) {
    const { columns } = FORMATS[provider];
    const known = Object.keys(columns);
    const stranger = Object.keys(names).find((name) => !known.includes(name));
    if (stranger !== undefined) throw Problem.invalid('/columns', `knows the columns ${known.join(', ')} only`);
    this.wanted = new Map(known.map((name) => [name, fold(names[name] ?? name)]));
    this.isOptional = (name) => columns[name]?.isOptional === true && names[name] === undefined;
    const twice = [...this.wanted].find(([name, folded]) => this.nameOf(folded) !== name);
    if (twice !== undefined) throw Problem.invalid('/columns', `names one column twice, for ${twice[0]} as well`);
  }

  /**
   * null: the line is no header. The delimiter is the one by which all columns appear.
   * @throws Problem when a column that is read is there twice
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

  /** The columns that the line lacks, by the delimiter by which it has most. */
  lacks(line: string): string[] {
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

  /** Also a column under its own name beside the one that is read for it: which one is right is not known. */
  private refuseDuplicates(names: readonly string[]): void {
    for (const [name, folded] of this.wanted) {
      if (names.indexOf(folded) !== names.lastIndexOf(folded)) {
        throw Problem.invalid('/file', `has the column ${this.names[name] ?? name} more than once in its header`);
      }
      const own = fold(name);
      if (own !== folded && names.includes(own) && this.nameOf(own) === null) {
        throw Problem.invalid(
          '/file',
          `has the column ${name} beside ${this.names[name] ?? name}, which is read for it`,
        );
      }
    }
  }

  private nameOf(folded: string): string | null {
    return [...this.wanted].find(([, one]) => one === folded)?.[0] ?? null;
  }
}

/** Names of columns are the same without blanks around, case and invisible characters. */
function fold(name: string): string {
  return visible(name).replace(/\s+/g, ' ').normalize('NFC').toLowerCase();
}

function visible(name: string): string {
  return name.replace(INVISIBLE, '').trim();
}
