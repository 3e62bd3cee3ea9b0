/* Tables of one connection while it has a statement, gone with it. */

/** Lines that can be compared; first what has a fixed length, without gaps. */
export const LINES = `
create temp table lines (amount bigint, line_no integer, mark integer, transaction_id uuid, succeeded boolean, again boolean,
  unit text, at text, provider_reference text, reference text)`;

/**
 * Lines that only name their transaction: bad ones (with more than one id: further rows of the kind `named`), those that
 * are not final, and reversals.
 */
export const NAMED_LINES = `
create temp table named_lines (line_no integer, kind text, code text, column_name text, transaction_id uuid,
  provider_reference text, reference text, amount bigint, unit text, at text, cells text[])`;

/** Transactions whose lines have to be looked at, whatever they say: they may have several, or have an open break. */
export const SUSPECTS = `create temp table suspects (id uuid)`;

/** What of the lines will be remembered: ids and, of executed lines, marks of some thousand lines a row. */
export const PAGES = `
create temp table pages (ids uuid[], marks integer[]);
alter table pages alter column ids set storage external, alter column marks set storage external`;

/** In the order of the values in `StatementRows`. */
export const COLUMNS_OF_LINES =
  'line_no, transaction_id, provider_reference, reference, succeeded, amount, unit, at, again, mark';

/** Whether two marks of LATCOM's lines are of one execution: the same minute, or the same day where one has no time. */
function isSameMinute(one: string, other: string): string {
  const apart = `((${one} >> 1) - (${other} >> 1))`;
  return isNear(apart, `(${one} & 1) = 1`, `(${other} & 1) = 1`, { unit: 0, day: 1440 });
}

/** A day without a time is its end: what is of it is up to a day before that. */
function isNear(
  apart: string,
  isDay: string,
  isOtherDay: string,
  { unit, day }: { unit: number; day: number },
): string {
  return `(case when (${isDay}) = (${isOtherDay}) then abs(${apart}) <= ${unit}
    when ${isDay} then ${apart} >= 0 and ${apart} < ${day} else ${apart} <= 0 and ${apart} > -${day} end)`;
}

/** Whether two marks are of one execution; a line with the provider's own id has that as its mark. */
export function isSameMark(one: string, other: string, providerReference: string): string {
  return `case when ${providerReference} is null then ${isSameMinute(one, other)} else ${one} = ${other} end`;
}

/** Whether two times of lines (text) may be of one line: the same minute, or the same day where one has no time. */
export function isSameTime(one: string, other: string): string {
  const apart = `extract(epoch from ${one}::timestamptz - ${other}::timestamptz)`;
  const isDay = (text: string): string => `${text} like '%:59:59.999Z'`;
  return `(${one} is null and ${other} is null or ${isNear(apart, isDay(one), isDay(other), { unit: 59, day: 86_400 })})`;
}

/** Milliseconds of an id of the gateway. */
export function millisecondsOf(id: string): string {
  return `('x' || left(replace(${id}::text, '-', ''), 12))::bit(48)::bigint`;
}

/** Whether the file of a run has the bytes of which that is the hash, however they were read. */
export function hasContent(run: string, hash: string): string {
  return `substring(${run}.file_hash for 32) = ${hash}::bytea`;
}
