import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { AppErasureController } from './app-erasure.controller.js';
import { AppErasure } from './app-erasure.js';
import { Purge } from './purge.js';

/** The end of what is not kept for ever. */
@Module({
  imports: [AccessModule],
  controllers: [AppErasureController],
  providers: [AppErasure, Purge],
})
export class PrivacyModule {}
