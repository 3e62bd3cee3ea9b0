import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { AdminTransactionsController } from './transactions/admin-transactions.controller.js';
import { AuditedAction } from './resolution/audited-action.service.js';
import { BatchRunner } from './execution/batch-runner.service.js';
import { ClockSkewJob } from './execution/clock-skew.job.js';
import { Cancellation } from './submission/cancellation.service.js';
import { BatchCoalescer } from './execution/batch-coalescer.service.js';
import { Drain } from './execution/drain.service.js';
import { AdminExportController, ExportController } from './transactions/export.controller.js';
import { ProviderCapacity } from './execution/provider-capacity.js';
import { TransactionLookup } from './transactions/transaction-lookup.service.js';
import { NeverSent } from './execution/never-sent.service.js';
import { Submissions } from './submission/submissions.service.js';
import { OperatorActsController, ResolutionsController } from './resolution/manual-resolution.controller.js';
import { ManualResolution } from './resolution/manual-resolution.service.js';
import { Outcomes } from './execution/outcomes.service.js';
import { DryRun } from './submission/dry-run.service.js';
import { Presenter } from './transactions/transaction.presenter.js';
import { Proposals } from './resolution/proposals.service.js';
import { ProviderHealth } from './provider-admin/provider-health.service.js';
import { ProviderQueries } from './provider-admin/provider-queries.service.js';
import { ProviderPauses } from './execution/provider-pauses.service.js';
import { ProviderActsController, ProvidersController } from './provider-admin/providers.controller.js';
import { BacklogEstimate } from './execution/backlog-estimate.service.js';
import { ConnectorRegistry } from './connector-registry.service.js';
import { SendAdmission } from './execution/send-admission.service.js';
import { Runner } from './execution/attempt-runner.service.js';
import { DueWorkJob } from './execution/due-work.job.js';
import { TransactionExport } from './transactions/transaction-export.service.js';
import { TransactionsController } from './transactions/transactions.controller.js';
import { Turns } from './execution/turns.service.js';
import { UnknownsController } from './transactions/unknowns.controller.js';
import { TransactionWatcher } from '../ledger/reads/transaction-watcher.service.js';

/** The one road that every operation takes, whatever the provider. */
@Module({
  imports: [AccessModule, LedgerModule],
  controllers: [
    ExportController,
    AdminExportController,
    TransactionsController,
    AdminTransactionsController,
    UnknownsController,
    OperatorActsController,
    ResolutionsController,
    ProvidersController,
    ProviderActsController,
  ],
  providers: [
    Cancellation,
    ConnectorRegistry,
    AuditedAction,
    BatchRunner,
    ClockSkewJob,
    BatchCoalescer,
    Drain,
    ProviderCapacity,
    NeverSent,
    Submissions,
    ManualResolution,
    Outcomes,
    Presenter,
    Proposals,
    DryRun,
    ProviderHealth,
    ProviderQueries,
    ProviderPauses,
    BacklogEstimate,
    SendAdmission,
    Runner,
    DueWorkJob,
    TransactionExport,
    TransactionLookup,
    Turns,
    TransactionWatcher,
  ],
  exports: [
    AuditedAction,
    Cancellation,
    ConnectorRegistry,
    LedgerModule,
    ManualResolution,
    Submissions,
    Presenter,
    DryRun,
    ProviderQueries,
    ProviderPauses,
    TransactionLookup,
  ],
})
export class OperationsModule {}
