import { publicId } from '../../common/ids.js';
import { formatQuantity } from '../../providers/units.js';
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

export function presentBreak(found: Break): BreakDto {
  const { provider, status, detail, providerRecord, resolution, reason, resolvedBy, amount, unit } = found;
  const { cause, proposal, nextCheckBy } = MEANINGS[found.class];
  const isChecked = status === 'open' && found.proposed === null;
  return {
    id: publicId('brk', found.id),
    class: found.class,
    provider,
    status,
    amountAtRisk: amount === null || unit === null ? null : formatQuantity(BigInt(amount), unit),
    transactionId: found.transactionId && publicId('txn', found.transactionId),
    reconciliationId: found.runId && publicId('rec', found.runId),
    providerRecord,
    detail,
    cause,
    proposal,
    nextCheck: isChecked && nextCheckBy === 'nightly' ? nextNight(new Date()).toISOString() : null,
    nextCheckBy: isChecked ? nextCheckBy : null,
    pending: found.proposed,
    resolution,
    reason,
    resolvedBy,
    ageSeconds: Math.max(
      Math.floor(((found.resolvedAt ?? new Date()).getTime() - found.createdAt.getTime()) / 1000),
      0,
    ),
    createdAt: found.createdAt.toISOString(),
    resolvedAt: found.resolvedAt?.toISOString() ?? null,
  };
}
