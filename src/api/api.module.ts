import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { Lifecycle } from './lifecycle.js';
import { ProblemFilter } from './problem.filter.js';
import { RequestValidation } from './validation.js';

/** Error responses and request validation for all routes. */
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
