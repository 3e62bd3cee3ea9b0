import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { OperationsModule } from '../operations/operations.module.js';
import { BadLineStore } from './bad-line-store.js';
import { BadLinesController } from './bad-lines.controller.js';
import { Breaks } from './breaks.js';
import { BreaksController } from './breaks.controller.js';
import { Confirmations } from './confirmations.js';
import { Intake } from './intake.js';
import { Nightly } from './nightly.js';
import { ReconciliationsController } from './reconciliations.controller.js';
import { Runs } from './runs.js';
import { Statements } from './statements.js';
import { ReconciliationWorker } from './worker.js';

/** The ledger beside what the providers say: statements, status sweeps, balances. */
@Module({
  imports: [AccessModule, OperationsModule],
  controllers: [ReconciliationsController, BadLinesController, BreaksController],
  providers: [BadLineStore, Breaks, Confirmations, Intake, Nightly, ReconciliationWorker, Runs, Statements],
})
export class ReconciliationModule {}
