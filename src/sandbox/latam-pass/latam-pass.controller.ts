import { Controller, Delete, Get, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Exchange, type Handler } from '../exchange.js';
import { LatamPassAccess } from './access.js';
import { AccrualList } from './accrual-list.js';
import { Accruals } from './accruals.js';
import { Cobranded } from './cobranded.js';
import { latamPassError } from './errors.js';
import { Members } from './members.js';
import { NAME, PATH } from './settings.js';

const ACCRUAL = 'v2/customer/loyalty/partner/accrual';
const SEARCH = 'v1/customer/loyalty/partner/member/search-member';
const COBRANDED = 'v1/customer/loyalty/partner/cobranded';

/** The production and the test environment, with the endpoints of "Production Access Guide", 6.4. */
@Controller([PATH, `${PATH}/sandbox`])
export class LatamPassController {
  constructor(
    private readonly exchange: Exchange,
    private readonly access: LatamPassAccess,
    private readonly accruals: Accruals,
    private readonly list: AccrualList,
    private readonly members: Members,
    private readonly cobranded: Cobranded,
  ) {}

  @Post('oauth/access-token')
  token(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.run('token', request, reply, (call) => ({ answer: this.access.issueToken(call) }));
  }

  @Post(ACCRUAL)
  accrue(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.business('accrual', request, reply, (call) => this.accruals.submit(call));
  }

  @Get(ACCRUAL)
  getAccrual(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.business('accrual-status', request, reply, (call) => this.list.answer(call));
  }

  @Post(SEARCH)
  search(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.business('member-search', request, reply, (call) => this.members.search(call));
  }

  @Post(COBRANDED)
  startCobranded(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.business('cobranded-start', request, reply, (call) => this.cobranded.start(call));
  }

  @Delete(COBRANDED)
  endCobranded(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.business('cobranded-end', request, reply, (call) => this.cobranded.end(call));
  }

  private business(operation: string, request: FastifyRequest, reply: FastifyReply, handler: Handler): Promise<void> {
    return this.run(operation, request, reply, (call) => {
      this.access.checkHeaders(call);
      return handler(call);
    });
  }

  private run(operation: string, request: FastifyRequest, reply: FastifyReply, handler: Handler): Promise<void> {
    return this.exchange.run({ provider: NAME, operation, error: latamPassError }, request, reply, handler);
  }
}
