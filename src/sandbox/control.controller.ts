import { Controller, Delete, Get, HttpCode, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CallLog } from './call-log.js';
import { readControlBody } from './control-body.js';
import { FaultBody } from './control.requests.js';
import { FaultBook } from './faults.js';
import { Journal } from './journal.js';
import { Report } from './report.js';
import { Tokens } from './tokens.js';

/** The control API of the sandbox, which no provider has: it reports what was really executed, and adds faults. */
@Controller('_sandbox')
export class ControlController {
  constructor(
    private readonly report: Report,
    private readonly calls: CallLog,
    private readonly faults: FaultBook,
    private readonly journal: Journal,
    private readonly tokens: Tokens,
  ) {}

  @Get('health')
  health(): object {
    return { status: 'ok' };
  }

  @Get('effects')
  effects(@Query('provider') provider?: string, @Query('key') key?: string): object {
    return this.report.all(provider, key);
  }

  @Get('calls')
  listCalls(@Query('provider') provider?: string, @Query('operation') operation?: string): object {
    return { calls: this.calls.list(provider, operation) };
  }

  @Get('faults')
  listFaults(): object {
    return { faults: this.faults.list() };
  }

  @Post('faults')
  addFault(@Req() request: FastifyRequest): object {
    const { fault, probability, seed, ...rest } = readControlBody(FaultBody, request);
    this.faults.add({ ...rest, kind: fault, probability: probability ?? 1, seed: seed ?? 0 });
    return { faults: this.faults.list() };
  }

  @Delete('faults')
  clearFaults(): object {
    return { cleared: this.faults.clear() };
  }

  @Post('tokens/expire')
  @HttpCode(200)
  expireTokens(): object {
    return { expired: this.tokens.expireAll() };
  }

  /** Deletes faults, logged calls and the state of all providers. Tokens stay valid. */
  @Post('reset')
  @HttpCode(200)
  reset(): object {
    this.faults.clear();
    this.calls.clear();
    this.journal.reset();
    return this.report.counters();
  }
}
