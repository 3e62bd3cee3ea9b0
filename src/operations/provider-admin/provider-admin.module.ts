import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { LedgerModule } from '../../ledger/ledger.module.js';
import { ConnectorRegistryModule } from '../connector-registry.module.js';
import { ExecutionModule } from '../execution/execution.module.js';
import { ProviderHealth } from './provider-health.service.js';
import { ProviderQueries } from './provider-queries.service.js';
import { ProviderActsController, ProvidersController } from './providers.controller.js';

/** Operators see and pause providers; callers query them. */
@Module({
  imports: [AccessModule, ConnectorRegistryModule, ExecutionModule, LedgerModule],
  controllers: [ProvidersController, ProviderActsController],
  providers: [ProviderHealth, ProviderQueries],
  exports: [ProviderQueries],
})
export class ProviderAdminModule {}
