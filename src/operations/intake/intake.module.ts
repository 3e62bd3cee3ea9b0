import { Module } from '@nestjs/common';
import { SubmissionModule } from '../submission/submission.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { Intake } from './intake.service.js';

/**
 * Shared by the create routes of all providers: makes a submission from a request, and a response from its transaction.
 */
@Module({
  imports: [SubmissionModule, TransactionsModule],
  providers: [Intake],
  exports: [Intake],
})
export class IntakeModule {}
