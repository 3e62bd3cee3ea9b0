import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { Lifecycle } from './lifecycle.js';
import { ProblemFilter } from './problem.filter.js';
import { RequestValidation } from './validation.js';

/** What holds for every route: how errors are told and how requests are checked. */
@Module({})
export class ApiModule {
  static register(lifecycle: Lifecycle): DynamicModule {
    return {
      module: ApiModule,
      global: true,
      providers: [
        { provide: Lifecycle, useValue: lifecycle },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useClass: RequestValidation },
      ],
      exports: [Lifecycle],
    };
  }
}
