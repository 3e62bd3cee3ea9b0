import { Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { cents } from '../amounts.js';
import { readControlBody } from '../control-body.js';
import { Report } from '../report.js';
import { Catalog } from './catalog.js';
import { Float } from './float.js';
import { FloatBody, ProductBody } from './requests.js';

/** LATCOM's part of the control API: its balance and its products. */
@Controller('_sandbox')
export class LatcomControlController {
  constructor(
    private readonly report: Report,
    private readonly float: Float,
    private readonly catalog: Catalog,
  ) {}

  @Post('float')
  @HttpCode(200)
  setFloat(@Req() request: FastifyRequest): object {
    this.float.setTo(cents(readControlBody(FloatBody, request).usd));
    return this.report.counters();
  }

  @Get('products')
  listProducts(): object {
    return { products: this.catalog.all().map(({ id, ...rest }) => ({ productId: id, ...rest })) };
  }

  /** Adds a product, or changes its price and operator. */
  @Post('products')
  putProduct(@Req() request: FastifyRequest): object {
    const { productId, ...rest } = readControlBody(ProductBody, request);
    this.catalog.put({ id: productId, ...rest });
    return this.listProducts();
  }
}
