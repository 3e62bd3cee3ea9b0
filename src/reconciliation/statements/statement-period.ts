import type { PoolClient } from 'pg';
import { reportOf } from './bad-lines/bad-line.js';
import type { DayRange } from './reading/day-bounds.js';
import type { DeclaredFormat } from './reading/declared-format.js';
import { cellsSql } from './bad-lines/cells-sql.js';
import type { StatementFile } from './reading/statement-file.js';
import { remakePages } from './statement-memory.js';

/** The period of a statement. */
export interface Period {
  readonly from: Date | null;
  readonly to: Date | null;
  /** `given`: from `from`, `to` or both. `lines`: from the dates of most lines. */
  readonly source: 'given' | 'lines';
}

export interface PeriodRequest {
  readonly provider: string;
  readonly from: Date | null;
  readonly to: Date | null;
  readonly format: Pick<DeclaredFormat, 'clock'>;
}

/** A file without the lines that have a wrong date, and the time range that it should cover. */
export interface Dated {
  readonly file: StatementFile;
  readonly period: Period;
  /** Transactions due for sending from this time on should be in the statement; null: not known. */
  readonly since: Date | null;
  /**
   * The statement cannot have transactions that became final later. This is the time of the last line; see `COVERED_UNTIL`.
   */
  readonly until: Date | null;
}

const DAY_MS = 24 * 60 * 60_000;
const MAX_REPORTED = 100;
/** A text that sorts after every day. */
const NEVER = '9999-12-32';

/**
 * Moves lines with wrong dates to `named_lines`. $1 to before $2: the days that lines may have. $3 to $4: the given
 * period. `cells`: a SQL expression for the cells of a line.
 */
const setAsideSql = (cells: string): string => `
with outliers as (
  delete from lines
  where (at < $1::text collate "C" or at >= $2::text collate "C")
    and not coalesce((at || 'Z')::timestamptz between $3::timestamptz and $4::timestamptz, false)
  returning *
), named as (
  insert into named_lines (line_no, kind, code, column_name, transaction_id, provider_reference, reference, cells)
  select line_no, 'bad', 'date_outlier', 'date', transaction_id, provider_reference, reference, ${cells} from outliers
  returning line_no
)
select count(*)::integer as count, (array_agg(line_no order by line_no))[1:${MAX_REPORTED}] as first from named`;

/** The first and last time in the bulk ($1 to before $2) or in the given period ($3 to $4). */
const SPAN = `
select min(at collate "C") as first, max(at collate "C") as last from lines
where at >= $1::text collate "C" and at < $2::text collate "C"
  or (at || 'Z')::timestamptz between $3::timestamptz and $4::timestamptz`;

/**
 * The end of the covered time. A line of today without a time counts as the end of the day, so its transaction's
 * completion time is used instead.
 */
const COVERED_UNTIL = `
select greatest(
  (select max((at || 'Z')::timestamptz) from lines where at <= $2::text collate "C"),
  (select max(t.completed_at) from lines l join transactions t on t.id = l.transaction_id and t.provider = $1
   where l.at > $2::text collate "C")) as until`;

/** Removes lines with wrong dates and returns the period of the others. Runs in the transaction of `client`. */
export async function datesOf(client: PoolClient, request: PeriodRequest, file: StatementFile): Promise<Dated> {
  const bounds = file.times.bounds();
  const { from, to, format } = request;
  const source = from === null && to === null ? 'lines' : 'given';
  if (bounds === null) return { file, period: { from, to, source }, since: from, until: null };
  const { first, last } = file.times;
  let [dated, span] = [file, { first, last }];
  if (isOutside(bounds.near, file)) dated = await setAside(client, request, bounds.near, file);
  if (bounds.bulk === null || isOutside(bounds.bulk, file)) {
    const { rows } = await client.query<typeof span>(SPAN, [...textsOf(bounds.bulk), from, to]);
    span = rows[0] ?? { first: null, last: null };
  }
  const [begin, end] = [instantOf(span.first), instantOf(span.last)];
  const since = from ?? (begin && startOfDay(begin, format));
  const until = end !== null && end > new Date() ? await coveredUntil(client, request.provider) : end;
  return { file: dated, period: { from: since, to: to ?? end, source }, since, until };
}

async function setAside(
  client: PoolClient,
  { provider, from, to }: PeriodRequest,
  near: DayRange,
  file: StatementFile,
): Promise<StatementFile> {
  const { rows } = await client.query<{ count: number; first: number[] | null }>(
    setAsideSql(cellsSql(provider, file.format)),
    [...textsOf(near), from, to],
  );
  const { count = 0, first = null } = rows[0] ?? {};
  if (count === 0) return file;
  await remakePages(client);
  const reports = (first ?? []).map((line) => reportOf(line, 'date_outlier', 'date'));
  const bad = [...file.bad, ...reports].toSorted((one, other) => one.line - other.line).slice(0, MAX_REPORTED);
  return { ...file, bad, badCounts: { ...file.badCounts, date_outlier: count } };
}

async function coveredUntil(client: PoolClient, provider: string): Promise<Date | null> {
  const now = new Date().toISOString().slice(0, -1);
  const { rows } = await client.query<{ until: Date | null }>(COVERED_UNTIL, [provider, now]);
  return rows[0]?.until ?? null;
}

function isOutside({ first, last }: DayRange, { times }: StatementFile): boolean {
  const [from, to] = textsOf({ first, last });
  return (times.first ?? from) < from || (times.last ?? from) >= to;
}

/** The first day and the day after the last, as texts that sort in the order of their times. */
function textsOf(range: DayRange | null): [string, string] {
  return range === null ? [NEVER, NEVER] : [dayText(range.first), dayText(range.last + 1)];
}

function dayText(day: number): string {
  if (!Number.isFinite(day)) return NEVER;
  const text = new Date(day * DAY_MS).toISOString();
  // The text begins with a sign for years before 0 and after 9999.
  if (text.startsWith('-')) return '0001-01-01';
  return text.startsWith('+') ? NEVER : text.slice(0, 'YYYY-MM-DD'.length);
}

function instantOf(text: string | null): Date | null {
  return text === null ? null : new Date(`${text.slice(0, 'YYYY-MM-DDTHH:MM:SS.mmm'.length)}Z`);
}

function startOfDay(at: Date, { clock }: Pick<DeclaredFormat, 'clock'>): Date {
  return new Date(clock ? clock.startOfDay(at.getTime()) : new Date(at).setUTCHours(0, 0, 0, 0));
}
