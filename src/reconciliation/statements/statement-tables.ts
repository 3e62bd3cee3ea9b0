/* Temporary tables of the connection that reads a statement. */

/** Lines that can be compared. Columns of fixed length come first, without alignment gaps. */
export const LINES = `
create temp table lines (amount bigint, line_no integer, mark integer, transaction_id uuid, succeeded boolean, again boolean,
  unit text, at text, provider_reference text, reference text)`;

/**
 * Lines that only name their transaction: bad lines, lines that are not final, and reversals. A bad line with several
 * ids has further rows of the kind `named`.
 */
export const NAMED_LINES = `
create temp table named_lines (line_no integer, kind text, code text, column_name text, transaction_id uuid,
  provider_reference text, reference text, amount bigint, unit text, at text, cells text[])`;

/** Transactions whose lines always need a closer look: they may have several lines or have an open break. */
export const SUSPECTS = `create temp table suspects (id uuid)`;

/** The stored content of lines: ids and, for executed lines, marks. Each row has some thousand lines. */
export const PAGES = `
create temp table pages (ids uuid[], marks integer[]);
alter table pages alter column ids set storage external, alter column marks set storage external`;

/** The columns in the order of the values in `StatementRows`. */
export const COLUMNS_OF_LINES =
  'line_no, transaction_id, provider_reference, reference, succeeded, amount, unit, at, again, mark';

/** A condition: two marks that are minutes mean one execution: the same minute, or the same day if one has no time. */
function isSameMinute(one: string, other: string): string {
  const apart = `((${one} >> 1) - (${other} >> 1))`;
  return isNear(apart, `(${one} & 1) = 1`, `(${other} & 1) = 1`, { unit: 0, day: 1440 });
}

/** A day without a time is stored as the end of the day, so times of that day are up to one day earlier. */
function isNear(
  apart: string,
  isDay: string,
  isOtherDay: string,
  { unit, day }: { unit: number; day: number },
): string {
  return `(case when (${isDay}) = (${isOtherDay}) then abs(${apart}) <= ${unit}
    when ${isDay} then ${apart} >= 0 and ${apart} < ${day} else ${apart} <= 0 and ${apart} > -${day} end)`;
}

/** A condition: two marks mean one execution. The mark of a line with a provider's id is a hash of that id. */
export function isSameMark(one: string, other: string, providerReference: string): string {
  return `case when ${providerReference} is null then ${isSameMinute(one, other)} else ${one} = ${other} end`;
}

/** A condition: two times (text) may come from one line: the same minute, or the same day if one has no time. */
export function isSameTime(one: string, other: string): string {
  const apart = `extract(epoch from ${one}::timestamptz - ${other}::timestamptz)`;
  const isDay = (text: string): string => `${text} like '%:59:59.999Z'`;
  return `(${one} is null and ${other} is null or ${isNear(apart, isDay(one), isDay(other), { unit: 59, day: 86_400 })})`;
}

/** The creation time in the gateway's id, in milliseconds. */
export function millisecondsOf(id: string): string {
  return `('x' || left(replace(${id}::text, '-', ''), 12))::bit(48)::bigint`;
}

/** A condition: the file of a run has the bytes with this hash, whatever the options with which it was read. */
export function hasContent(run: string, hash: string): string {
  return `substring(${run}.file_hash for 32) = ${hash}::bytea`;
}
