import { publicId } from '../../common/ids.js';
import { formatQuantity } from '../../ledger/model/units.js';
import { MEANINGS } from '../breaks/break-classes.js';
import type { Break } from '../breaks/breaks.service.js';
import { nextNight } from './nightly-schedule.js';
import type { BreakDto } from '../breaks/break.dto.js';
import type { PeriodDto, ReconciliationDto } from './reconciliation.dto.js';
import type { Run } from './runs.service.js';
import type { Period } from '../statements/statement-period.js';

export function presentRun(run: Run): ReconciliationDto {
  const { provider, kind, step, lines, badCount, badLines, counts, failure, createdBy } = run;
  return {
    id: publicId('rec', run.id),
    provider,
    kind,
    status: run.status === 'uploading' ? 'running' : run.status,
    step,
    from: run.from?.toISOString() ?? null,
    to: run.to?.toISOString() ?? null,
    period: run.periodSource && presentPeriod({ from: run.periodFrom, to: run.periodTo, source: run.periodSource }),
    format: run.format,
    lines,
    pendingLines: run.pendingLines,
    badLineCount: badCount,
    badLineCounts: run.badCounts,
    badLines: [...badLines],
    counts,
    failure,
    createdBy,
    createdAt: run.createdAt.toISOString(),
    completedAt: run.completedAt?.toISOString() ?? null,
  };
}

export function presentPeriod({ from, to, source }: Period): PeriodDto {
  return { from: from?.toISOString() ?? null, to: to?.toISOString() ?? null, source };
}

export function presentBreak(one: Break): BreakDto {
  const { provider, status, detail, providerRecord, resolution, reason, resolvedBy, amount, unit } = one;
  const { cause, proposal, nextCheckBy } = MEANINGS[one.class];
  const isChecked = status === 'open' && one.proposed === null;
  return {
    id: publicId('brk', one.id),
    class: one.class,
    provider,
    status,
    amountAtRisk: amount === null || unit === null ? null : formatQuantity(BigInt(amount), unit),
    transactionId: one.transactionId && publicId('txn', one.transactionId),
    reconciliationId: one.runId && publicId('rec', one.runId),
    providerRecord,
    detail,
    cause,
    proposal,
    nextCheck: isChecked && nextCheckBy === 'nightly' ? nextNight(new Date()).toISOString() : null,
    nextCheckBy: isChecked ? nextCheckBy : null,
    pending: one.proposed,
    resolution,
    reason,
    resolvedBy,
    ageSeconds: Math.max(Math.floor(((one.resolvedAt ?? new Date()).getTime() - one.createdAt.getTime()) / 1000), 0),
    createdAt: one.createdAt.toISOString(),
    resolvedAt: one.resolvedAt?.toISOString() ?? null,
  };
}
