import { Module } from '@nestjs/common';
import { LedgerModule } from '../../ledger/ledger.module.js';
import { ExecutionModule } from '../execution/execution.module.js';
import { Cancellation } from './cancellation.service.js';
import { DryRun } from './dry-run.service.js';
import { Submissions } from './submissions.service.js';

/** Requests of apps become recorded operations. */
@Module({
  imports: [ExecutionModule, LedgerModule],
  providers: [Cancellation, DryRun, Submissions],
  exports: [Cancellation, DryRun, Submissions],
})
export class SubmissionModule {}
