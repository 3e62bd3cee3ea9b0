import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { alarm } from '../../common/alarm.js';
import { describeError } from '../../common/log.js';
import { Every } from '../../jobs/every.decorator.js';
import { checkBalance } from './balance-check.js';
import { Confirmations } from '../statements/matching/late-confirmations.service.js';
import { keepLease } from './keep-lease.js';
import { Runs, type Run } from './runs.service.js';
import { beginSweep, sweepLeft } from './status-sweep.js';

const TICK_MS = 500;
const SWEEP_POLL_MS = 1_000;

/** Continues unfinished reconciliations, one at a time. Another instance resumes a run that an instance left unfinished. */
@Injectable()
export class ReconciliationWorker {
  constructor(
    private readonly database: Database,
    private readonly runs: Runs,
    private readonly confirmations: Confirmations,
  ) {}

  @Every(TICK_MS)
  async workOnRuns(ending: AbortSignal): Promise<void> {
    await this.runs.failAbandoned();
    while (!ending.aborted) {
      const run = await this.runs.claim();
      if (!run) return;
      await this.work(run, ending);
    }
  }

  private async work(run: Run, ending: AbortSignal): Promise<void> {
    const keeping = keepLease(run.id, () => this.runs.renewLease(run.id));
    try {
      if (run.kind === 'statement') await this.statement(run, ending);
      else if (run.kind === 'balance') await this.runs.complete(run.id, await checkBalance(this.database, run));
      else await this.sweep(run);
    } catch (error) {
      const fields = { reconciliationId: run.id, ...describeError(error) };
      alarm('reconciliation_failed', fields, 'a reconciliation was interrupted; it continues later');
    } finally {
      clearInterval(keeping);
    }
  }

  private async statement(run: Run, ending: AbortSignal): Promise<void> {
    let after: string | null = null;
    do after = await this.confirmations.settleSome(run, after);
    while (after !== null && !ending.aborted);
    if (after === null) await this.runs.complete(run.id);
  }

  private async sweep(run: Run): Promise<void> {
    if (run.step === 'begin') await this.runs.advance(run.id, 'asked', await beginSweep(this.database, run));
    const { left, isOver } = await sweepLeft(this.database, run);
    if (isOver) await this.runs.complete(run.id, { unanswered: left });
    else await this.runs.postpone(run.id, SWEEP_POLL_MS);
  }
}
