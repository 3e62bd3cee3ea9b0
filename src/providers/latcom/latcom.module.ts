import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { Config } from '../../config.js';
import { ConnectorRegistry } from '../../operations/registry.js';
import { OperationsModule } from '../../operations/operations.module.js';
import { OutboundModule } from '../../outbound/outbound.module.js';
import { OutboundTools } from '../../outbound/tools.js';
import { LatcomClient } from './client.js';
import { TopupChecks } from './topup-checks.js';
import { topupOperation } from './topup.operation.js';
import { TopupsController } from './topups.controller.js';

/** LATCOM: prepaid Mexican top-ups; real money, a purchase is never sent twice. */
@Module({
  imports: [AccessModule, OutboundModule, OperationsModule],
  controllers: [TopupsController],
  providers: [TopupChecks],
})
export class LatcomModule {
  constructor(config: Config, tools: OutboundTools, registry: ConnectorRegistry) {
    const client = new LatcomClient(config.latcom, tools);
    registry.register(
      { name: 'latcom', title: 'LATCOM', operations: [topupOperation(client, config.latcom.timeoutMs)] },
      client.http,
    );
  }
}
