import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { AdminTransactionsController, OperatorActsController } from './admin-transactions.controller.js';
import { LedgerController } from './ledger.controller.js';
import { Drain } from './drain.js';
import { TransactionLookup } from './lookup.js';
import { Operations } from './operations.js';
import { OperatorActs } from './operator-acts.js';
import { Presenter } from './present.js';
import { ProviderHealth } from './provider-health.js';
import { ProviderReads } from './provider-reads.js';
import { ProviderStates } from './provider-states.js';
import { ProviderActsController, ProvidersController } from './providers.controller.js';
import { QueueForecast } from './queue-forecast.js';
import { ConnectorRegistry } from './registry.js';
import { Road } from './road.js';
import { Runner } from './runner.js';
import { Scheduler } from './scheduler.js';
import { TransactionsController } from './transactions.controller.js';
import { Waiting } from './waiting.js';

/** The one road that every operation takes, whatever the provider. */
@Module({
  imports: [AccessModule, LedgerModule],
  controllers: [
    TransactionsController,
    AdminTransactionsController,
    OperatorActsController,
    ProvidersController,
    ProviderActsController,
    LedgerController,
  ],
  providers: [
    ConnectorRegistry,
    Drain,
    Operations,
    OperatorActs,
    Presenter,
    ProviderHealth,
    ProviderReads,
    ProviderStates,
    QueueForecast,
    Road,
    Runner,
    Scheduler,
    TransactionLookup,
    Waiting,
  ],
  exports: [ConnectorRegistry, LedgerModule, Operations, Presenter, ProviderReads, TransactionLookup],
})
export class OperationsModule {}
