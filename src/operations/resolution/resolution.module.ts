import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { LedgerModule } from '../../ledger/ledger.module.js';
import { ConnectorRegistryModule } from '../connector-registry.module.js';
import { ExecutionModule } from '../execution/execution.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { AdminTransactionsController } from './admin-transactions.controller.js';
import { AuditedAction } from './audited-action.service.js';
import { OperatorActsController, ResolutionsController } from './manual-resolution.controller.js';
import { ManualResolution } from './manual-resolution.service.js';
import { Proposals } from './proposals.service.js';
import { UnknownsController } from './unknowns.controller.js';

/** Operators inspect transactions of all apps, and resolve those that do not end by themselves. */
@Module({
  imports: [AccessModule, ConnectorRegistryModule, ExecutionModule, LedgerModule, TransactionsModule],
  controllers: [AdminTransactionsController, UnknownsController, OperatorActsController, ResolutionsController],
  providers: [AuditedAction, ManualResolution, Proposals],
  exports: [AuditedAction, ManualResolution],
})
export class ResolutionModule {}
