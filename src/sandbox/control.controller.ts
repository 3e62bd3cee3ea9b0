import { BadRequestException, Controller, Delete, Get, HttpCode, Post, Query, Req } from '@nestjs/common';
import { type ClassConstructor } from 'class-transformer';
import type { FastifyRequest } from 'fastify';
import { CallLog } from './call-log.js';
import { FloatBody, FaultBody, ProductBody } from './control.requests.js';
import { FaultBook } from './faults.js';
import { Journal } from './journal.js';
import { Catalogue } from './latcom/catalogue.js';
import { Float } from './latcom/float.js';
import { parseJson } from './parse.js';
import { Report } from './report.js';
import { cents } from './settings.js';
import { Tokens } from './tokens.js';

/** What no provider has: a look behind the counter, and the means to break things. */
@Controller('_sandbox')
export class ControlController {
  constructor(
    private readonly report: Report,
    private readonly calls: CallLog,
    private readonly faults: FaultBook,
    private readonly journal: Journal,
    private readonly tokens: Tokens,
    private readonly float: Float,
    private readonly catalogue: Catalogue,
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
    const { fault, probability, seed, ...rest } = readBody(FaultBody, request);
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

  @Post('float')
  @HttpCode(200)
  setFloat(@Req() request: FastifyRequest): object {
    this.float.setTo(cents(readBody(FloatBody, request).usd));
    return this.report.counters();
  }

  /** What LATCOM sells. */
  @Get('products')
  listProducts(): object {
    return { products: this.catalogue.all().map(({ id, ...rest }) => ({ productId: id, ...rest })) };
  }

  /** Adds a product, or sells it for another price or by another operator from now on. */
  @Post('products')
  putProduct(@Req() request: FastifyRequest): object {
    const { productId, ...rest } = readBody(ProductBody, request);
    this.catalogue.put({ id: productId, ...rest });
    return this.listProducts();
  }

  /** Forgets everything but the tokens. */
  @Post('reset')
  @HttpCode(200)
  reset(): object {
    this.faults.clear();
    this.calls.clear();
    this.journal.reset();
    return this.report.counters();
  }
}

function readBody<T extends object>(type: ClassConstructor<T>, request: FastifyRequest): T {
  const parsed = parseJson(type, typeof request.body === 'string' ? request.body : '');
  if (!parsed.ok) throw new BadRequestException({ problems: parsed.problems });
  return parsed.value;
}
