import { amountOf, type CellNotation } from './line-cells.js';
import type { LineOutcome } from './status-words.js';

/* The description of a provider's statement, and the parts of such a description. Pure. */

/** The ids by which a line names its transaction. No personal data is read. */
export interface LineIds {
  /** The gateway's id, as the provider repeats it; in lower case. */
  readonly transactionId: string | null;
  readonly providerReference: string | null;
  readonly reference: string | null;
}

/** A line that can be compared with the ledger. */
export interface StatementLine extends LineIds {
  readonly outcome: LineOutcome;
  /** A whole number above zero as digits, in the smallest part of the unit; null: the outcome needs no amount. */
  readonly amount: string | null;
  readonly unit: string;
  /** In UTC, without a zone; null: the line is not final. */
  readonly at: string | null;
  /** Distinguishes two executions of one transaction: the minute, or the hash of the provider's id. */
  readonly mark: number;
}

/** The trimmed text of a cell by the name of its column; empty when the file lacks the column. */
export type Cell = (column: string) => string;

export interface StatementColumn {
  readonly isOptional: boolean;
  /** The usual form of a cell, as the source of a regular expression without groups; null: the column is not read. */
  readonly plain: string | null;
  /** SQL that writes the cell again from a row of `lines` (`statement-tables.ts`); null: the column is not read. */
  readonly rewrite: string | null;
  /** Its cells may have a decimal comma. */
  readonly isDecimal?: true;
}

/** A provider's statement, which a manifest declares. The column with the time of a line is named `date`. */
export interface StatementFormat {
  /** The columns, in the order in which an error lists them. */
  readonly columns: Readonly<Record<string, StatementColumn>>;
  /** The columns of the ids. Of a bad line, only these are read. */
  readonly ids: Readonly<Record<keyof LineIds, string | null>>;
  /** Reads any line. @throws BadLine */
  readonly read: (cell: Cell, notation: CellNotation) => StatementLine;
  /**
   * Reads a line whose cells all have their usual form: values for the columns of `lines` from `transaction_id` on, as
   * constants in PostgreSQL's text format or as cells.
   */
  readonly plain: readonly (PlainValue | string)[];
  /** The mark of a line whose cells all have their usual form. */
  readonly mark: { readonly column: string; readonly as: 'minute' | 'hash' };
}

/**
 * How the bytes of a cell in its usual form are converted. `otherwise` is the value of an empty cell and of a missing
 * column.
 */
export interface PlainValue {
  readonly column: string;
  /** `digits`: without the point. `outcome`: true when it begins with S, as in SUCCESS. `utc`: without the Z. */
  readonly as: 'text' | 'digits' | 'outcome' | 'utc';
  readonly otherwise: string;
}

/** NULL in PostgreSQL's text format. */
export const NULL = '\\N';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const DAY = String.raw`(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))`;

/** Usual forms of cells, for the columns of any format. */
export const USUAL = {
  uuid: UUID,
  /**
   * A usual id contains a digit (a word may be a total), fewer consecutive digits than a card number, and no decimal
   * end (`.0`).
   */
  id: String.raw`(?:${UUID}|(?=[A-Za-z_.:/-]*\d)(?![\w.:/-]*?\d(?:-?\d){12})(?!\d+\.0+(?![\w.:/-]))[\w.:/-]{1,64})`,
  utc: String.raw`(?!0000)\d{4}-${DAY}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z`,
} as const;

export function required(plain: string, rewrite: string): StatementColumn {
  return { isOptional: false, plain, rewrite };
}

export function optional(plain: string, rewrite: string): StatementColumn {
  return { isOptional: true, plain: `(?:${plain})?`, rewrite };
}

/** A column that may be in the file; it is not read. */
export const NOT_READ: StatementColumn = { isOptional: true, plain: null, rewrite: null };

/** A line whose status is not final: it is only counted. */
export function notFinal(ids: LineIds, unit: string): StatementLine {
  return { ...ids, outcome: 'pending', amount: null, unit, at: null, mark: 0 };
}

/** A negative amount reverses an execution, whatever the status says. */
export function outcomeBy(amount: ReturnType<typeof amountOf>, outcome: LineOutcome): LineOutcome {
  return amount?.isNegative ? 'reversal' : outcome;
}
