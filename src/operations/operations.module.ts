import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { AdminTransactionsController } from './admin-transactions.controller.js';
import { LedgerController } from './ledger.controller.js';
import { AuditedActs } from './audited-acts.js';
import { BatchRunner } from './batch-runner.js';
import { ClockWatch } from './clock-watch.js';
import { Cancellation } from './cancellation.js';
import { Dispatch } from './dispatch.js';
import { Drain } from './drain.js';
import { AdminExportController, ExportController } from './export.controller.js';
import { ErasureController } from './erasure.controller.js';
import { Gate } from './gate.js';
import { Housekeeping } from './housekeeping.js';
import { TransactionLookup } from './lookup.js';
import { NeverSent } from './never-sent.js';
import { Operations } from './operations.js';
import { OperatorActsController, ResolutionsController } from './operator-acts.controller.js';
import { OperatorActs } from './operator-acts.js';
import { Outcomes } from './outcomes.js';
import { Preview } from './preview.js';
import { Presenter } from './present.js';
import { Proposals } from './proposals.js';
import { ProviderHealth } from './provider-health.js';
import { ProviderReads } from './provider-reads.js';
import { ProviderStates } from './provider-states.js';
import { ProviderActsController, ProvidersController } from './providers.controller.js';
import { QueueForecast } from './queue-forecast.js';
import { ConnectorRegistry } from './registry.js';
import { Road } from './road.js';
import { Runner } from './runner.js';
import { Sealing } from './sealing.js';
import { Scheduler } from './scheduler.js';
import { TransactionExport } from './transaction-export.js';
import { TransactionsController } from './transactions.controller.js';
import { Turns } from './turns.js';
import { UnknownsController } from './unknowns.controller.js';
import { Waiting } from './waiting.js';

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
