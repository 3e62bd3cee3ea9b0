/** A line that could not be read. */
export interface BadLineReport {
  readonly line: number;
  readonly message: string;
}

/** Times of the first and the last line in time, in UTC without a zone; null: it has none that can be read. */
export interface Span {
  readonly first: string | null;
  readonly last: string | null;
}

/** A statement that was read. */
export interface StatementFile extends Span {
  /** Of its bytes and of how they were read. */
  readonly hash: Buffer;
  readonly lines: number;
  /** The first hundred. */
  readonly bad: readonly BadLineReport[];
  readonly badCount: number;
}
