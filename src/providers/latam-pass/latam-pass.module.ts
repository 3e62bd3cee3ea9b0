import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { Config } from '../../config.js';
import { ConnectorRegistry } from '../../operations/registry.js';
import { OperationsModule } from '../../operations/operations.module.js';
import { OutboundModule } from '../../outbound/outbound.module.js';
import { OutboundTools } from '../../outbound/tools.js';
import { accrualOperation } from './accrual.operation.js';
import { AccrualsController, HeldAccrualsController } from './accruals.controller.js';
import { Accruals } from './accruals.js';
import { HeldAccruals } from './held-accruals.js';
import { LatamPassClient } from './client.js';
import { readNotification } from './mapping.js';

/** LATAM Pass: points, asynchronous, by notification or polling; an accrual that was sent cannot be canceled. */
@Module({
  imports: [AccessModule, OutboundModule, OperationsModule],
  controllers: [AccrualsController, HeldAccrualsController],
  providers: [Accruals, HeldAccruals],
})
export class LatamPassModule {
  constructor(config: Config, tools: OutboundTools, registry: ConnectorRegistry) {
    const client = new LatamPassClient(config.latamPass, tools);
    const notified = config.latamPass.notificationPairs.length > 0;
    registry.register(
      {
        name: 'latam-pass',
        title: 'LATAM Pass',
        operations: [accrualOperation(client, notified)],
        readNotification,
      },
      client.http,
    );
  }
}
