import { Module } from '@nestjs/common';
import { SubmissionModule } from '../submission/submission.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { Intake } from './intake.service.js';

/** What the routes of providers share: a request becomes a submission, and its transaction the response. */
@Module({
  imports: [SubmissionModule, TransactionsModule],
  providers: [Intake],
  exports: [Intake],
})
export class IntakeModule {}
