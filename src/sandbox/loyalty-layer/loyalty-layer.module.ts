import { Module } from '@nestjs/common';
import { type SimulatedProvider } from '../provider.js';
import { LoyaltyLayerAccess } from './access.js';
import { Batches } from './batches.js';
import { Cards } from './cards.js';
import { CREDENTIALS } from './credentials.js';
import { LoyaltyLayerController } from './loyalty-layer.controller.js';
import { Passes } from './passes.js';
import { RateWindow } from './rate-window.js';
import { LoyaltyLayerSettings, NAME, PATH } from './settings.js';

@Module({
  controllers: [LoyaltyLayerController],
  providers: [LoyaltyLayerAccess, RateWindow, Cards, Passes, Batches],
})
class LoyaltyLayerModule {}

export const loyaltyLayer: SimulatedProvider = {
  name: NAME,
  env: (url) => ({
    LOYALTY_LAYER_BASE_URL: `${url}/${PATH}`,
    LOYALTY_LAYER_CLIENT_ID: CREDENTIALS.clientId,
    LOYALTY_LAYER_CLIENT_SECRET: CREDENTIALS.clientSecret,
  }),
  secrets: [CREDENTIALS.clientSecret],
  module: (read) => ({
    module: LoyaltyLayerModule,
    providers: [{ provide: LoyaltyLayerSettings, useValue: new LoyaltyLayerSettings(read) }],
  }),
};
