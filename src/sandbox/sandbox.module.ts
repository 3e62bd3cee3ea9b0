import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CallLog } from './call-log.js';
import { ControlController } from './control.controller.js';
import { Counters } from './counters.js';
import { Exchange } from './exchange.js';
import { FaultBook } from './faults.js';
import { Journal } from './journal.js';
import { MagicInputs } from './magic-inputs.js';
import { Report } from './report.js';
import { SandboxSettings } from './settings.js';
import { Tokens } from './tokens.js';
import { WebhookReceiverController } from './webhook-receiver.controller.js';
import { WebhookReceivers } from './webhook-receivers.js';

/** Shared by the classes of all providers. */
const SHARED = [CallLog, Counters, Exchange, FaultBook, Journal, MagicInputs, Report, Tokens];

@Global()
@Module({ providers: SHARED, exports: SHARED })
class SharedModule {}

@Module({ controllers: [ControlController, WebhookReceiverController], providers: [WebhookReceivers] })
export class SandboxModule {
  static with(settings: SandboxSettings, providers: readonly DynamicModule[]): DynamicModule {
    const shared: DynamicModule = {
      module: SharedModule,
      providers: [{ provide: SandboxSettings, useValue: settings }],
      exports: [SandboxSettings],
    };
    return { module: SandboxModule, imports: [shared, ...providers] };
  }
}
