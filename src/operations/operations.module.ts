import { Module } from '@nestjs/common';
import { LedgerModule } from '../ledger/ledger.module.js';
import { ConnectorRegistryModule } from './connector-registry.module.js';
import { ExecutionModule } from './execution/execution.module.js';
import { IntakeModule } from './intake/intake.module.js';
import { ProviderAdminModule } from './provider-admin/provider-admin.module.js';
import { ResolutionModule } from './resolution/resolution.module.js';
import { SubmissionModule } from './submission/submission.module.js';
import { TransactionsModule } from './transactions/transactions.module.js';

/** What modules that build on operations may inject. `ExecutionModule` stays inside. */
const shared = [
  ConnectorRegistryModule,
  LedgerModule,
  ProviderAdminModule,
  ResolutionModule,
  SubmissionModule,
  TransactionsModule,
  IntakeModule,
];

/** The road of every operation, for every provider. */
@Module({ imports: [...shared, ExecutionModule], exports: shared })
export class OperationsModule {}
