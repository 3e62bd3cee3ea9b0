import { Module } from '@nestjs/common';
import { type SimulatedProvider } from '../provider.js';
import { LatamPassAccess } from './access.js';
import { AccrualList } from './accrual-list.js';
import { Accruals } from './accruals.js';
import { Cobranded } from './cobranded.js';
import { CREDENTIALS } from './credentials.js';
import { LatamPassController } from './latam-pass.controller.js';
import { Members } from './members.js';
import { Notifier } from './notifier.js';
import { LatamPassSettings, NAME, PATH } from './settings.js';

@Module({
  controllers: [LatamPassController],
  providers: [LatamPassAccess, Notifier, Accruals, AccrualList, Members, Cobranded],
})
class LatamPassModule {}

export const latamPass: SimulatedProvider = {
  name: NAME,
  env: (url) => ({
    LATAM_PASS_BASE_URL: `${url}/${PATH}`,
    LATAM_PASS_ENVIRONMENT: 'sandbox',
    LATAM_PASS_CLIENT_ID: CREDENTIALS.clientId,
    LATAM_PASS_CLIENT_SECRET: CREDENTIALS.clientSecret,
    // A ready-made code of the real provider would take precedence over id and secret.
    LATAM_PASS_AUTHORIZATION: '',
    LATAM_PASS_PARTNER_ID: CREDENTIALS.partnerId,
    LATAM_PASS_PRODUCT_ID: CREDENTIALS.productIds[0],
    LATAM_PASS_ISSUE_BANK: CREDENTIALS.issueBank,
  }),
  secrets: [CREDENTIALS.clientSecret],
  module: (read, notifications) => ({
    module: LatamPassModule,
    providers: [{ provide: LatamPassSettings, useValue: new LatamPassSettings(read, notifications) }],
  }),
};
