import { type DynamicModule, Module } from '@nestjs/common';
import { CallLog } from './call-log.js';
import { ControlController } from './control.controller.js';
import { Exchange } from './exchange.js';
import { FaultBook } from './faults.js';
import { Journal } from './journal.js';
import { LatamPassAccess } from './latam-pass/access.js';
import { AccrualList } from './latam-pass/accrual-list.js';
import { Accruals } from './latam-pass/accruals.js';
import { Cobranded } from './latam-pass/cobranded.js';
import { LatamPassController } from './latam-pass/latam-pass.controller.js';
import { Members } from './latam-pass/members.js';
import { Notifier } from './latam-pass/notifier.js';
import { LatcomAccess } from './latcom/access.js';
import { Catalogue } from './latcom/catalogue.js';
import { Float } from './latcom/float.js';
import { LatcomController } from './latcom/latcom.controller.js';
import { Purchases } from './latcom/purchases.js';
import { LoyaltyLayerAccess } from './loyalty-layer/access.js';
import { Batches } from './loyalty-layer/batches.js';
import { Cards } from './loyalty-layer/cards.js';
import { LoyaltyLayerController } from './loyalty-layer/loyalty-layer.controller.js';
import { Passes } from './loyalty-layer/passes.js';
import { RateWindow } from './loyalty-layer/rate-window.js';
import { Report } from './report.js';
import { SETTINGS, type SandboxSettings } from './settings.js';
import { Tally } from './counters.js';
import { Tokens } from './tokens.js';
import { Tricks } from './magic-inputs.js';

const COMMON = [CallLog, Exchange, FaultBook, Journal, Report, Tally, Tokens, Tricks];
const LATAM_PASS = [LatamPassAccess, Notifier, Accruals, AccrualList, Members, Cobranded];
const LOYALTY_LAYER = [LoyaltyLayerAccess, RateWindow, Cards, Passes, Batches];
const LATCOM = [LatcomAccess, Catalogue, Float, Purchases];

@Module({})
export class SandboxModule {
  static with(settings: SandboxSettings): DynamicModule {
    return {
      module: SandboxModule,
      controllers: [LatamPassController, LoyaltyLayerController, LatcomController, ControlController],
      providers: [{ provide: SETTINGS, useValue: settings }, ...COMMON, ...LATAM_PASS, ...LOYALTY_LAYER, ...LATCOM],
    };
  }
}
