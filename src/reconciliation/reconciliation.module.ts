import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { OperationsModule } from '../operations/operations.module.js';
import { BadLineStore } from './statements/bad-lines/bad-line-store.service.js';
import { BadLinesController } from './statements/bad-lines/bad-lines.controller.js';
import { Breaks } from './breaks/breaks.service.js';
import { BreaksController } from './breaks/breaks.controller.js';
import { Confirmations } from './statements/matching/late-confirmations.service.js';
import { RunCreation } from './runs/create-run.service.js';
import { Nightly } from './runs/nightly.job.js';
import { ReconciliationsController } from './runs/reconciliations.controller.js';
import { Runs } from './runs/runs.service.js';
import { Statements } from './statements/statements.service.js';
import { ReconciliationWorker } from './runs/reconciliation.job.js';

/** Compares the ledger with the providers: statements, status sweeps, balances. */
@Module({
  imports: [AccessModule, OperationsModule],
  controllers: [ReconciliationsController, BadLinesController, BreaksController],
  providers: [BadLineStore, Breaks, Confirmations, RunCreation, Nightly, ReconciliationWorker, Runs, Statements],
})
export class ReconciliationModule {}
