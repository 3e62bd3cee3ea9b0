import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { Jobs } from './jobs.service.js';

/** Background work: finds the `@Every` methods of all modules and runs them. */
@Global()
@Module({
  imports: [DiscoveryModule, ScheduleModule.forRoot()],
  providers: [Jobs],
  exports: [Jobs],
})
export class JobsModule {}
