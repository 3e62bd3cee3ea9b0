import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { OperationsModule } from '../operations/operations.module.js';
import { AppErasureController } from './app-erasure.controller.js';
import { AppErasure } from './app-erasure.service.js';
import { Purge } from './purge.job.js';
import { ErasureController } from './transaction-erasure.controller.js';

/** Erasure on request and at the end of a retention period. */
@Module({
  imports: [AccessModule, OperationsModule],
  controllers: [AppErasureController, ErasureController],
  providers: [AppErasure, Purge],
})
export class PrivacyModule {}
