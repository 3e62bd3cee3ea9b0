import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { OperationsModule } from '../operations/operations.module.js';
import { AppErasureController } from './app-erasure.controller.js';
import { AppErasure } from './app-erasure.js';
import { Purge } from './purge.js';
import { ErasureController } from './transaction-erasure.controller.js';

/** The end of what is not kept for ever. */
@Module({
  imports: [AccessModule, OperationsModule],
  controllers: [AppErasureController, ErasureController],
  providers: [AppErasure, Purge],
})
export class PrivacyModule {}
