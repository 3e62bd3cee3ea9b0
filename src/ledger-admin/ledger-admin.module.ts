import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { LedgerController } from './ledger.controller.js';
import { MaintenanceJob } from './maintenance.job.js';
import { SealJob } from './seal.job.js';

/** What operators see of the ledger itself, and its scheduled work. */
@Module({ imports: [AccessModule], controllers: [LedgerController], providers: [MaintenanceJob, SealJob] })
export class LedgerAdminModule {}
