/* Tables of one connection while it has a statement, gone with it. */

/** Lines that can be compared; columns in the order of `StatementRows`. */
export const LINES = `
create temp table lines (line_no integer, transaction_id uuid, provider_reference text, reference text, succeeded boolean,
  amount bigint, unit text, at text, again boolean, mark integer)`;

/**
 * Lines that only name their transaction: bad ones (with more than one id: further rows of the kind `named`), those that
 * are not final, and reversals.
 */
export const NAMED_LINES = `
create temp table named_lines (line_no integer, kind text, code text, column_name text, transaction_id uuid,
  provider_reference text, reference text, amount bigint, unit text, at text)`;

/** Whether two marks of LATCOM's lines are of one execution: the same minute, or the same day where one has no time. */
function isSameMinute(one: string, other: string): string {
  const apart = `abs((${one} >> 1) - (${other} >> 1))`;
  return `(${apart} <= 1 or ((${one} | ${other}) & 1) = 1 and ${apart} < 1440)`;
}

/** Whether two marks are of one execution; a line with the provider's own id has that as its mark. */
export function isSameMark(one: string, other: string, providerReference: string): string {
  return `case when ${providerReference} is null then ${isSameMinute(one, other)} else ${one} = ${other} end`;
}

/** Whether two times of lines (text) may be of one line: the same minute, or the same day where one has no time. */
export function isSameTime(one: string, other: string): string {
  const apart = `abs(extract(epoch from ${one}::timestamptz - ${other}::timestamptz))`;
  const isDay = `(${one} like '%:59:59.999Z' or ${other} like '%:59:59.999Z')`;
  return `(${one} is null and ${other} is null or ${apart} < case when ${isDay} then 86400 else 60 end)`;
}

/** Milliseconds of an id of the gateway. */
export function millisecondsOf(id: string): string {
  return `('x' || left(replace(${id}::text, '-', ''), 12))::bit(48)::bigint`;
}
