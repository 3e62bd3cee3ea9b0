import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { LedgerController } from './ledger.controller.js';
import { MaintenanceJob } from './maintenance.job.js';
import { OverdueJob } from './overdue.job.js';
import { SealJob } from './seal.job.js';

/** Admin routes of the ledger and its scheduled work. */
@Module({ imports: [AccessModule], controllers: [LedgerController], providers: [MaintenanceJob, OverdueJob, SealJob] })
export class LedgerAdminModule {}
