import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { LedgerModule } from '../../ledger/ledger.module.js';
import { ConnectorRegistryModule } from '../connector-registry.module.js';
import { AdminExportController, ExportController } from './export.controller.js';
import { Timeline } from './timeline.service.js';
import { TransactionExport } from './transaction-export.service.js';
import { TransactionLookup } from './transaction-lookup.service.js';
import { Presenter } from './transaction.presenter.js';
import { TransactionsController } from './transactions.controller.js';

/** Transactions are looked up, presented and exported. */
@Module({
  imports: [AccessModule, ConnectorRegistryModule, LedgerModule],
  controllers: [ExportController, AdminExportController, TransactionsController],
  providers: [Presenter, Timeline, TransactionExport, TransactionLookup],
  exports: [Presenter, Timeline, TransactionLookup],
})
export class TransactionsModule {}
