import { Module } from '@nestjs/common';
import { LedgerModule } from '../../ledger/ledger.module.js';
import { ConnectorRegistryModule } from '../connector-registry.module.js';
import { AttemptRunner } from './attempt-runner.service.js';
import { BacklogEstimate } from './backlog-estimate.service.js';
import { BatchCoalescer } from './batch-coalescer.service.js';
import { BatchRunner } from './batch-runner.service.js';
import { ClockSkewJob } from './clock-skew.job.js';
import { DueWorkJob } from './due-work.job.js';
import { UnconfirmedCommits } from './unconfirmed-commits.service.js';
import { Outcomes } from './outcomes.service.js';
import { ProviderPauses } from './provider-pauses.service.js';
import { SendAdmission } from './send-admission.service.js';
import { ChangeOrder } from './change-order.service.js';

/** Recorded operations are sent to their providers, and the outcomes recorded. */
@Module({
  imports: [ConnectorRegistryModule, LedgerModule],
  providers: [
    AttemptRunner,
    BacklogEstimate,
    BatchCoalescer,
    BatchRunner,
    ClockSkewJob,
    DueWorkJob,
    UnconfirmedCommits,
    Outcomes,
    ProviderPauses,
    SendAdmission,
    ChangeOrder,
  ],
  exports: [AttemptRunner, BacklogEstimate, UnconfirmedCommits, ProviderPauses, SendAdmission],
})
export class ExecutionModule {}
