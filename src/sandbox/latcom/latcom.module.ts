import { Module } from '@nestjs/common';
import { type SimulatedProvider } from '../provider.js';
import { LatcomAccess } from './access.js';
import { Catalog } from './catalog.js';
import { LatcomControlController } from './control.controller.js';
import { CREDENTIALS } from './credentials.js';
import { Float } from './float.js';
import { LatcomController } from './latcom.controller.js';
import { Purchases } from './purchases.js';
import { LatcomSettings, NAME, PATH } from './settings.js';

@Module({
  controllers: [LatcomController, LatcomControlController],
  providers: [LatcomAccess, Catalog, Float, Purchases],
})
class LatcomModule {}

export const latcom: SimulatedProvider = {
  name: NAME,
  env: (url) => ({
    LATCOM_BASE_URL: `${url}/${PATH}`,
    LATCOM_CUSTOMER_ID: CREDENTIALS.customerId,
    LATCOM_SECRET_KEY: CREDENTIALS.secretKey,
  }),
  secrets: [CREDENTIALS.secretKey],
  module: (read) => ({
    module: LatcomModule,
    providers: [{ provide: LatcomSettings, useValue: new LatcomSettings(read) }],
  }),
};
