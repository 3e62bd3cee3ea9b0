/**
 * An SQL expression: the least id that was made so many days ago. Ids are UUID v7, so age is a range of the primary key:
 * their first 48 bits are the milliseconds since 1970 (RFC 9562). `days` is an SQL expression of an integer.
 */
export function idFromDaysAgo(days: string): string {
  return `(lpad(to_hex((extract(epoch from now() - make_interval(days => ${days})) * 1000)::bigint), 12, '0')
    || '00000000000000000000')::uuid`;
}
