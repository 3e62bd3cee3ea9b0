import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Database } from '../../database/database.js';
import { alarm } from '../../common/alarm.js';
import { describeError, logger } from '../../common/log.js';
import { checkBalance } from './balance-check.js';
import { Confirmations } from '../statements/matching/late-confirmations.js';
import { keepLease } from './keep-lease.js';
import { Runs, type Run } from './runs.service.js';
import { beginSweep, sweepLeft } from './status-sweep.js';

const TICK_MS = 500;
const SWEEP_LOOK_MS = 1_000;

/** Does what reconciliations have left to do, one at a time; what an instance leaves another takes up where it was. */
@Injectable()
export class ReconciliationWorker implements BeforeApplicationShutdown {
  private busy = false;
  private stopping = false;

  constructor(
    private readonly database: Database,
    private readonly runs: Runs,
    private readonly confirmations: Confirmations,
  ) {}

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (this.busy || this.stopping) return;
    this.busy = true;
    try {
      await this.runs.failAbandoned();
      for (let run = await this.runs.claim(); run; run = await this.nextRun()) await this.work(run);
    } catch (error) {
      logger.warn(describeError(error), 'reconciliations could not be looked at; the next run does it');
    } finally {
      this.busy = false;
    }
  }

  /** What is under way is taken up by another instance, or at the next start. */
  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  private async work(run: Run): Promise<void> {
    const keeping = keepLease(run.id, () => this.runs.keep(run.id));
    try {
      if (run.kind === 'statement') await this.statement(run);
      else if (run.kind === 'balance') await this.runs.complete(run.id, await checkBalance(this.database, run));
      else await this.sweep(run);
    } catch (error) {
      const fields = { reconciliationId: run.id, ...describeError(error) };
      alarm('reconciliation_failed', fields, 'a reconciliation was interrupted; it continues later');
    } finally {
      clearInterval(keeping);
    }
  }

  private async statement(run: Run): Promise<void> {
    let after: string | null = null;
    do after = await this.confirmations.settleSome(run, after);
    while (after !== null && !this.stopping);
    if (after === null) await this.runs.complete(run.id);
  }

  private async nextRun(): Promise<Run | null> {
    return this.stopping ? null : this.runs.claim();
  }

  private async sweep(run: Run): Promise<void> {
    if (run.step === 'begin') await this.runs.advance(run.id, 'asked', await beginSweep(this.database, run));
    const { left, isOver } = await sweepLeft(this.database, run);
    if (isOver) await this.runs.complete(run.id, { unanswered: left });
    else await this.runs.rest(run.id, SWEEP_LOOK_MS);
  }
}
