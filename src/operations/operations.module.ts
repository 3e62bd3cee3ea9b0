import { Module } from '@nestjs/common';
import { LedgerModule } from '../ledger/ledger.module.js';
import { ConnectorRegistryModule } from './connector-registry.module.js';
import { ExecutionModule } from './execution/execution.module.js';
import { IntakeModule } from './intake/intake.module.js';
import { ProviderAdminModule } from './provider-admin/provider-admin.module.js';
import { ResolutionModule } from './resolution/resolution.module.js';
import { SubmissionModule } from './submission/submission.module.js';
import { TransactionsModule } from './transactions/transactions.module.js';

/** The modules whose exports other rooms may inject. `ExecutionModule` is not exported. */
const shared = [
  ConnectorRegistryModule,
  LedgerModule,
  ProviderAdminModule,
  ResolutionModule,
  SubmissionModule,
  TransactionsModule,
  IntakeModule,
];

/** All steps of an operation, for every provider. */
@Module({ imports: [...shared, ExecutionModule], exports: shared })
export class OperationsModule {}
