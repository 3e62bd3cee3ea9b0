import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { Config } from '../../config/config.js';
import { BalanceWatch } from '../../funds/balance-watch.job.js';
import { Balances } from '../../funds/balances.service.js';
import { Float } from '../../funds/float.service.js';
import { FundsModule } from '../../funds/funds.module.js';
import { ConnectorRegistry } from '../../operations/connector-registry.service.js';
import { OperationsModule } from '../../operations/operations.module.js';
import { OutboundModule } from '../../outbound/outbound.module.js';
import { ProviderClientFactory } from '../../outbound/provider-client.factory.js';
import { CatalogAdmin } from './catalog/catalog-admin.service.js';
import { ProductsController } from './catalog/products.controller.js';
import { Catalog } from './catalog/catalog.service.js';
import { LatcomClient } from './client.js';
import { readBalanceReply } from './topups/topup.mapping.js';
import { FloatGuardedPurchase } from './topups/float-guarded-purchase.service.js';
import { topupOperation } from './topups/topup.operation.js';
import { TopupsController } from './topups/topups.controller.js';
import { Topups } from './topups/topups.service.js';

const FLOAT_GUARD = {
  provide: FloatGuardedPurchase,
  inject: [Float, Balances, BalanceWatch, Config],
  useFactory: (float: Float, balances: Balances, watch: BalanceWatch, config: Config) =>
    new FloatGuardedPurchase(float, balances, watch, config.providers.latcom.floatSafety),
};

/** LATCOM: prepaid Mexican top-ups for real money. A purchase is executed at most once. */
@Module({
  imports: [AccessModule, FundsModule, OutboundModule, OperationsModule],
  controllers: [TopupsController, ProductsController],
  providers: [FLOAT_GUARD, Topups, Catalog, CatalogAdmin],
})
export class LatcomModule {
  constructor(
    { providers: { latcom } }: Config,
    tools: ProviderClientFactory,
    registry: ConnectorRegistry,
    purchases: FloatGuardedPurchase,
  ) {
    const client = new LatcomClient(latcom, tools);
    registry.register(
      {
        name: 'latcom',
        operations: [topupOperation(client, purchases, latcom.timeoutMs)],
        balance: {
          everyMs: latcom.balanceEveryMs,
          lagMs: latcom.balanceLagMs,
          lowLevels: latcom.lowFloat,
          read: async () => readBalanceReply(await client.balance()),
        },
      },
      client.http,
    );
  }
}
