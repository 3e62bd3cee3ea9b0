import { publicId } from '../../common/ids.js';
import { formatQuantity } from '../../providers/units.js';
import { countOf } from './bad-lines/bad-line.js';
import { presentPeriod } from '../runs/present-run.js';
import type { SampleLineDto, StatementPreviewDto } from './preview.dto.js';
import type { StatementPreview } from './statement-preview.js';
import type { SampleLine } from './reading/statement-file.js';

export function presentPreview({ file, period, counts, matched }: StatementPreview): StatementPreviewDto {
  return {
    format: file.format,
    period: presentPeriod(period),
    lines: file.lines,
    pendingLines: file.pending,
    badLineCount: countOf(file.badCounts),
    badLineCounts: file.badCounts,
    badLines: [...file.bad],
    matchedLines: matched,
    counts,
    sample: file.samples.map((one) => presentSample(one, file.bad)),
  };
}

/** A date outlier is known only after all lines were read, so `all` is searched too. */
function presentSample({ number, line, bad }: SampleLine, all: StatementPreview['file']['bad']): SampleLineDto {
  const problem = bad ?? all.find((one) => one.line === number);
  return {
    line: number,
    outcome: line?.outcome ?? null,
    transactionId: line?.transactionId ? publicId('txn', line.transactionId) : null,
    providerReference: line?.providerReference ?? null,
    reference: line?.reference ?? null,
    ...(line !== null && line.amount !== null && { quantity: formatQuantity(BigInt(line.amount), line.unit) }),
    at: line?.at ? `${line.at}Z` : null,
    ...(problem && { problem }),
  };
}
