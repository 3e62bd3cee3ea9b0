import { Module, type DynamicModule } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { AccessModule } from './access/index.js';
import { ApiModule } from './api/api.module.js';
import type { Lifecycle } from './api/lifecycle.js';
import type { Config } from './config/config.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { LedgerAdminModule } from './ledger-admin/ledger-admin.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { OperationsModule } from './operations/operations.module.js';
import { PrivacyModule } from './privacy/privacy.module.js';
import { ReconciliationModule } from './reconciliation/reconciliation.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';
import { LatamPassModule } from './providers/latam-pass/latam-pass.module.js';
import { LatcomModule } from './providers/latcom/latcom.module.js';
import { LoyaltyLayerModule } from './providers/loyalty-layer/loyalty-layer.module.js';

/** Objects that are created before the application and outlive it. */
export interface AppResources {
  readonly config: Config;
  readonly source: DataSource;
  readonly lifecycle: Lifecycle;
}

/** All modules. A provider adds its own here, as docs/adding-a-provider.md says. */
@Module({})
export class AppModule {
  static register({ config, source, lifecycle }: AppResources): DynamicModule {
    return {
      module: AppModule,
      imports: [
        JobsModule,
        DatabaseModule.register(config, source),
        ApiModule.register(lifecycle),
        AccessModule,
        HealthModule,
        LedgerAdminModule,
        OperationsModule,
        NotificationsModule,
        ReconciliationModule,
        PrivacyModule,
        WebhooksModule,
        LatamPassModule,
        LoyaltyLayerModule,
        LatcomModule,
      ],
    };
  }
}
