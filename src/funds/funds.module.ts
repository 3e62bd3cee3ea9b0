import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { OperationsModule } from '../operations/operations.module.js';
import { BalanceWatch } from './balance-watch.job.js';
import { BalanceController } from './balance.controller.js';
import { Balances } from './balances.service.js';
import { AdminEvidenceController, EvidenceController } from './evidence.controller.js';
import { EvidencePresenter } from './evidence.presenter.js';
import { EvidenceFinder } from './evidence-finder.service.js';
import { Float } from './float.service.js';

/** The prepaid balances at providers: they are observed and never overspent. */
@Module({
  imports: [AccessModule, OperationsModule],
  controllers: [BalanceController, EvidenceController, AdminEvidenceController],
  providers: [Balances, BalanceWatch, EvidenceFinder, EvidencePresenter, Float],
  exports: [Balances, BalanceWatch, Float],
})
export class FundsModule {}
