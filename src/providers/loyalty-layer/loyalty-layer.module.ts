import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { Config } from '../../config.js';
import { ConnectorRegistry } from '../../operations/registry.js';
import { OperationsModule } from '../../operations/operations.module.js';
import { OutboundModule } from '../../outbound/outbound.module.js';
import { OutboundTools } from '../../outbound/tools.js';
import { LoyaltyLayerClient } from './client.js';
import { passCreateOperation } from './pass-create.operation.js';
import { PassesController } from './passes.controller.js';

/** LoyaltyLayer: lounge and eSIM passes; 100 requests a minute, and then a minute's block. */
@Module({ imports: [AccessModule, OutboundModule, OperationsModule], controllers: [PassesController] })
export class LoyaltyLayerModule {
  constructor(config: Config, tools: OutboundTools, registry: ConnectorRegistry) {
    const client = new LoyaltyLayerClient(config.loyaltyLayer, tools);
    registry.register(
      { name: 'loyalty-layer', title: 'LoyaltyLayer', operations: [passCreateOperation(client)] },
      client.http,
    );
  }
}
