import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { decimal } from '../amounts.js';
import { jsonWithMoney } from '../answer.js';
import { Exchange, type Handler, type Outcome } from '../exchange.js';
import { LatcomAccess } from './access.js';
import { latcomError } from './errors.js';
import { Float } from './float.js';
import { Purchases } from './purchases.js';
import { PurchaseBody, readBody } from './requests.js';
import { NAME, PATH } from './settings.js';

/** The endpoints of LATCOM's "Distributor API Documentation". */
@Controller(PATH)
export class LatcomController {
  constructor(
    private readonly exchange: Exchange,
    private readonly access: LatcomAccess,
    private readonly float: Float,
    private readonly purchases: Purchases,
  ) {}

  @Post('login')
  login(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.run('token', request, reply, (call) => ({ answer: this.access.login(call) }));
  }

  @Get('get_balance')
  getBalance(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.withToken('balance', request, reply, () => this.balance());
  }

  @Post('product_purchase')
  purchase(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.withToken('purchase', request, reply, (call) => this.purchases.execute(readBody(PurchaseBody, call)));
  }

  /** In US dollars, although purchases are in pesos. */
  private balance(): Outcome {
    const last_updated = new Date(this.float.lastChangedAt).toISOString();
    const body = { success: true, currency: 'USD', last_updated };
    return { answer: jsonWithMoney(200, body, 'balance', decimal(this.float.reportedCents)) };
  }

  private withToken(operation: string, request: FastifyRequest, reply: FastifyReply, handler: Handler): Promise<void> {
    return this.run(operation, request, reply, (call) => {
      this.access.checkToken(call);
      return handler(call);
    });
  }

  private run(operation: string, request: FastifyRequest, reply: FastifyReply, handler: Handler): Promise<void> {
    return this.exchange.run({ provider: NAME, operation, error: latcomError }, request, reply, handler);
  }
}
