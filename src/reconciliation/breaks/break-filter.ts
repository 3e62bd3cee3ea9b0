import { parseId } from '../../common/ids.js';
import { parseQuantity } from '../../providers/units.js';
import { Problem } from '../../common/problem.js';
import type { BreakFilterDto, BreakQueryDto } from './break.dto.js';

/** Selects breaks. An absent member does not restrict the selection. */
export interface BreakFilter {
  readonly class?: string | undefined;
  readonly provider?: string | undefined;
  readonly status?: string | undefined;
  readonly runId?: string | undefined;
  readonly unit?: string | undefined;
  /** In the smallest unit, e.g. cents of `unit`. */
  readonly atMost?: bigint | undefined;
  readonly createdFrom?: Date | undefined;
  readonly createdTo?: Date | undefined;
}

/** A condition on breaks `b`; its parameters $1 to $8 are the `filterValues`. */
export const FILTER = `($1::text is null or b.class = $1) and ($2::text is null or b.provider = $2)
  and ($3::text is null or b.status = $3) and ($4::uuid is null or b.run_id = $4)
  and ($5::text is null or b.unit = $5) and ($6::bigint is null or b.amount <= $6)
  and ($7::timestamptz is null or b.created_at >= $7) and ($8::timestamptz is null or b.created_at < $8)`;

export function filterValues(filter: BreakFilter): unknown[] {
  const { class: name, provider, status, runId, unit, atMost, createdFrom, createdTo } = filter;
  const values = [name, provider, status, runId, unit, atMost?.toString(), createdFrom, createdTo];
  return values.map((value) => value ?? null);
}

/**
 * Reads the filter of a request. `at` is the pointer prefix of its members, e.g. `?` or `/filter/`.
 * @throws Problem `validation_failed`; `not_found` for a malformed reconciliation id
 */
export function breakFilterOf(query: BreakQueryDto | BreakFilterDto, prefix: string): BreakFilter {
  const { class: name, provider, unit, amountAtMost, createdFrom, createdTo } = query;
  const status = 'status' in query ? query.status : undefined;
  const reconciliationId = 'reconciliationId' in query ? query.reconciliationId : undefined;
  const runId = reconciliationId === undefined ? undefined : parseId('rec', reconciliationId);
  if (runId === null) throw Problem.notFound('reconciliation');
  if (amountAtMost !== undefined && unit === undefined)
    throw Problem.invalid(`${prefix}unit`, 'is required with amountAtMost');
  const atMost = amountAtMost === undefined ? undefined : parseQuantity(amountAtMost, unit ?? '');
  if (atMost === null) throw Problem.invalid(`${prefix}amountAtMost`, `has more decimal places than ${unit}`);
  return {
    class: name,
    provider,
    status,
    runId,
    unit,
    atMost,
    createdFrom: dateOf(createdFrom),
    createdTo: dateOf(createdTo),
  };
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
