import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { Config } from '../../config/config.js';
import { ConnectorRegistry } from '../../operations/connector-registry.service.js';
import { OperationsModule } from '../../operations/operations.module.js';
import { OutboundModule } from '../../outbound/outbound.module.js';
import { ProviderClientFactory } from '../../outbound/provider-client.factory.js';
import { accrualOperation } from './accruals/accrual.operation.js';
import { AccrualsController, HeldAccrualsController } from './accruals/accruals.controller.js';
import { Accruals } from './accruals/accruals.service.js';
import { HeldAccruals } from './accruals/held-accruals.service.js';
import { LatamPassClient } from './client.js';
import { CobrandedController } from './cobranded/cobranded.controller.js';
import { Cobranded } from './cobranded/cobranded.service.js';
import { cobrandedEndOperation, cobrandedStartOperation } from './cobranded/cobranded.operation.js';
import { readNotification } from './accruals/accrual-status.mapping.js';
import { MemberSearch } from './members/member-search.service.js';
import { MembersController } from './members/members.controller.js';

/**
 * LATAM Pass: points. An accrual is asynchronous, ends by notification or polling, and cannot be canceled once sent. Also
 * member search and the benefits of cobranded cards.
 */
@Module({
  imports: [AccessModule, OutboundModule, OperationsModule],
  controllers: [AccrualsController, HeldAccrualsController, CobrandedController, MembersController],
  providers: [
    Accruals,
    HeldAccruals,
    Cobranded,
    MemberSearch,
    {
      provide: LatamPassClient,
      inject: [Config, ProviderClientFactory],
      useFactory: (config: Config, tools: ProviderClientFactory) =>
        new LatamPassClient(config.providers['latam-pass'], tools),
    },
  ],
})
export class LatamPassModule {
  constructor(config: Config, client: LatamPassClient, registry: ConnectorRegistry) {
    const notified = config.providers['latam-pass'].notifications.pairs.length > 0;
    registry.register(
      {
        name: 'latam-pass',
        operations: [
          accrualOperation(client, notified),
          cobrandedStartOperation(client),
          cobrandedEndOperation(client),
        ],
        readNotification,
      },
      client.http,
    );
  }
}
