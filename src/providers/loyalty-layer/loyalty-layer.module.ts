import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { Config } from '../../config/config.js';
import { ConnectorRegistry } from '../../operations/connector-registry.service.js';
import { OperationsModule } from '../../operations/operations.module.js';
import { OutboundModule } from '../../outbound/outbound.module.js';
import { ProviderClientFactory } from '../../outbound/provider-client.factory.js';
import { CardsController } from './cards/cards.controller.js';
import { Cards } from './cards/cards.service.js';
import { LoyaltyLayerClient } from './client.js';
import { seedDemoPlans } from './plans/demo-plans.js';
import { KeyWatch } from './cards/key-watch.service.js';
import { PlanAdmin } from './plans/plan-admin.service.js';
import { PlansController } from './plans/plans.controller.js';
import { Plans } from './plans/plans.service.js';
import { EncryptionKeys } from './cards/encryption-keys.service.js';
import { PassBatchController } from './passes/pass-batch.controller.js';
import { PassBatches } from './passes/pass-batches.service.js';
import { PassStore } from './passes/pass-store.service.js';
import { passCancelOperation, passUpdateOperation } from './passes/pass-change.operation.js';
import { PassChangesController } from './passes/pass-changes.controller.js';
import { PassQrController } from './passes/pass-qr.controller.js';
import { passCreateOperation } from './passes/pass.operation.js';
import { PassesController } from './passes/passes.controller.js';

/** LoyaltyLayer: lounge and eSIM passes. It allows 100 requests per minute and then blocks the address for a minute. */
@Module({
  imports: [AccessModule, OutboundModule, OperationsModule],
  controllers: [
    CardsController,
    PassBatchController,
    PassChangesController,
    PassQrController,
    PassesController,
    PlansController,
  ],
  providers: [
    Cards,
    KeyWatch,
    PlanAdmin,
    Plans,
    PassBatches,
    PassStore,
    {
      provide: LoyaltyLayerClient,
      inject: [Config, ProviderClientFactory],
      useFactory: (config: Config, tools: ProviderClientFactory) =>
        new LoyaltyLayerClient(config.providers['loyalty-layer'], tools),
    },
    {
      provide: EncryptionKeys,
      inject: [LoyaltyLayerClient, KeyWatch],
      useFactory: (client: LoyaltyLayerClient, watch: KeyWatch) => new EncryptionKeys(client, watch),
    },
  ],
})
export class LoyaltyLayerModule {
  constructor(config: Config, client: LoyaltyLayerClient, registry: ConnectorRegistry, plans: PlanAdmin) {
    const operations = [
      passCreateOperation(client, config.providers['loyalty-layer']),
      passUpdateOperation(client),
      passCancelOperation(client),
    ];
    registry.register({ name: 'loyalty-layer', operations, seedDemo: () => seedDemoPlans(plans) }, client.http);
  }
}
