/**
 * A SQL expression for the lowest id created at most `days` days ago; `days` is a SQL expression for an integer. The
 * first 48 bits of a UUID v7 are the milliseconds since 1970 (RFC 9562), so an age is a range of the primary key.
 */
export function idFromDaysAgo(days: string): string {
  return `(lpad(to_hex((extract(epoch from now() - make_interval(days => ${days})) * 1000)::bigint), 12, '0')
    || '00000000000000000000')::uuid`;
}
