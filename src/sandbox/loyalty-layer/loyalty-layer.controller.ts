import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Exchange, type Handler, type Route } from '../exchange.js';
import { LoyaltyLayerAccess } from './access.js';
import { Batches } from './batches.js';
import { Cards } from './cards.js';
import { loyaltyLayerError } from './errors.js';
import { Passes } from './passes.js';
import { BatchBody, CreateBody, PassIdBody, readBody, TokenizeBody, UpdateBody } from './requests.js';
import { NAME, PATH } from './settings.js';

/** The endpoints of LoyaltyLayer's "API Integration Guide". */
@Controller(PATH)
export class LoyaltyLayerController {
  constructor(
    private readonly exchange: Exchange,
    private readonly access: LoyaltyLayerAccess,
    private readonly cards: Cards,
    private readonly passes: Passes,
    private readonly batches: Batches,
  ) {}

  @Post('auth/token')
  token(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.run('token', request, reply, (call) => ({ answer: this.access.issueToken(call) }));
  }

  @Get('v1/card/encryption-keys')
  encryptionKeys(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.withToken('encryption-keys', request, reply, () => ({ answer: this.cards.encryptionKeys() }));
  }

  @Post('v1/card/tokenize')
  tokenize(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.withToken('tokenize', request, reply, (call) => ({
      answer: this.cards.tokenize(readBody(TokenizeBody, call)),
    }));
  }

  @Post('v1/pass/create')
  create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.withToken('pass-create', request, reply, (call) => this.passes.create(readBody(CreateBody, call)));
  }

  @Post('v1/pass/batch-create')
  batchCreate(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.withToken('pass-batch', request, reply, (call) => this.batches.create(readBody(BatchBody, call)));
  }

  @Post('v1/pass/status')
  status(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.withToken('pass-status', request, reply, (call) =>
      this.passes.status(readBody(PassIdBody, call).pass_id),
    );
  }

  @Post('v1/pass/update')
  update(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.withToken('pass-update', request, reply, (call) => this.passes.update(readBody(UpdateBody, call)));
  }

  @Post('v1/pass/cancel')
  cancel(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.withToken('pass-cancel', request, reply, (call) =>
      this.passes.cancel(readBody(PassIdBody, call).pass_id),
    );
  }

  private withToken(operation: string, request: FastifyRequest, reply: FastifyReply, handler: Handler): Promise<void> {
    return this.run(operation, request, reply, (call) => {
      this.access.checkToken(call);
      return handler(call);
    });
  }

  private run(operation: string, request: FastifyRequest, reply: FastifyReply, handler: Handler): Promise<void> {
    const refuse: Route['refuse'] = (call) => this.access.overLimit(call);
    return this.exchange.run({ provider: NAME, operation, error: loyaltyLayerError, refuse }, request, reply, handler);
  }
}
