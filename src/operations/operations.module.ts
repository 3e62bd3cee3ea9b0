import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { AdminTransactionsController } from './transactions/admin-transactions.controller.js';
import { LedgerController } from '../ledger-admin/ledger.controller.js';
import { AuditedActs } from './resolution/audited-action.js';
import { BatchRunner } from './execution/batch-runner.service.js';
import { ClockWatch } from './execution/clock-skew.job.js';
import { Cancellation } from './submission/cancellation.service.js';
import { Dispatch } from './execution/batch-coalescer.service.js';
import { Drain } from './execution/drain.service.js';
import { AdminExportController, ExportController } from './transactions/export.controller.js';
import { ErasureController } from '../privacy/transaction-erasure.controller.js';
import { Gate } from './execution/provider-capacity.js';
import { Housekeeping } from '../ledger-admin/maintenance.job.js';
import { TransactionLookup } from './transactions/transaction-lookup.service.js';
import { NeverSent } from './execution/never-sent.js';
import { Operations } from './submission/submissions.service.js';
import { OperatorActsController, ResolutionsController } from './resolution/manual-resolution.controller.js';
import { OperatorActs } from './resolution/manual-resolution.service.js';
import { Outcomes } from './execution/outcomes.js';
import { Preview } from './submission/dry-run.service.js';
import { Presenter } from './transactions/transaction.presenter.js';
import { Proposals } from './resolution/proposals.service.js';
import { ProviderHealth } from './provider-admin/provider-health.service.js';
import { ProviderReads } from './provider-admin/provider-queries.service.js';
import { ProviderStates } from './provider-admin/provider-pauses.service.js';
import { ProviderActsController, ProvidersController } from './provider-admin/providers.controller.js';
import { QueueForecast } from './execution/backlog-estimate.service.js';
import { ConnectorRegistry } from './connector-registry.service.js';
import { Road } from './execution/send-admission.service.js';
import { Runner } from './execution/attempt-runner.service.js';
import { Sealing } from '../ledger-admin/seal.job.js';
import { Scheduler } from './execution/due-work.job.js';
import { TransactionExport } from './transactions/transaction-export.service.js';
import { TransactionsController } from './transactions/transactions.controller.js';
import { Turns } from './execution/turns.js';
import { UnknownsController } from './transactions/unknowns.controller.js';
import { Waiting } from './submission/transaction-watcher.service.js';

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
    ErasureController,
    ProvidersController,
    ProviderActsController,
    LedgerController,
  ],
  providers: [
    Cancellation,
    ConnectorRegistry,
    AuditedActs,
    BatchRunner,
    ClockWatch,
    Dispatch,
    Drain,
    Gate,
    Housekeeping,
    NeverSent,
    Operations,
    OperatorActs,
    Outcomes,
    Presenter,
    Proposals,
    Preview,
    ProviderHealth,
    ProviderReads,
    ProviderStates,
    QueueForecast,
    Road,
    Runner,
    Scheduler,
    Sealing,
    TransactionExport,
    TransactionLookup,
    Turns,
    Waiting,
  ],
  exports: [
    Cancellation,
    ConnectorRegistry,
    LedgerModule,
    OperatorActs,
    Operations,
    Presenter,
    Preview,
    ProviderReads,
    ProviderStates,
    TransactionLookup,
  ],
})
export class OperationsModule {}
