import { applyDecorators, Body, Controller, Get, HttpCode, HttpStatus, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Audit, Caller, Operator, type OperatorCaller } from '../../access/index.js';
import { page } from '../../api/pagination.js';
import { parseId } from '../../common/ids.js';
import { Reads, Takes } from '../../operations/http/openapi.decorators.js';
import { breakFilterOf } from './break-filter.js';
import { Breaks } from './breaks.service.js';
import { presentBreak } from '../runs/present-run.js';
import {
  BreakDto,
  BreakPageDto,
  BreakQueryDto,
  ResolveBreakDto,
  RESOLVE_BREAKS_EXAMPLE,
  ResolveBreaksDto,
  ResolvedBreaksDto,
} from './break.dto.js';

/** Breaks: differences between the ledger and the providers. */
@Controller('v1/admin/breaks')
export class BreaksController {
  constructor(
    private readonly breaks: Breaks,
    private readonly audit: Audit,
  ) {}

  /** List breaks, newest first. */
  @Get()
  @Operator('viewer')
  @Reads(BreakPageDto)
  async list(@Query() query: BreakQueryDto): Promise<BreakPageDto> {
    const found = await this.breaks.list(breakFilterOf(query, '?'), query.limit + 1, query.before);
    const { data, nextCursor } = page(found, query.limit, (item) => item.id);
    return { data: data.map(presentBreak), nextCursor };
  }

  /** Resolve all open breaks that match the filter, with the resolution `explained`. The filter must name a class. */
  @Post('resolve')
  @Operator('operator')
  @ResolvesMany()
  async resolveAll(@Body() dto: ResolveBreaksDto, @Caller() caller: OperatorCaller): Promise<ResolvedBreaksDto> {
    const { filter, reason } = dto;
    const chosen = breakFilterOf(filter, '/filter/');
    await this.audit.record(caller, 'breaks.resolve', filter.reconciliationId ?? null, { ...filter, reason });
    const by = `operator:${caller.username}`;
    return { resolved: await this.breaks.explainAll(chosen, reason, by) };
  }

  /** Get one break. */
  @Get(':id')
  @Operator('viewer')
  @Reads(BreakDto)
  async read(@Param('id') id: string): Promise<BreakDto> {
    return presentBreak(await this.breaks.find(parseId('brk', id)));
  }

  /** Resolve a break. 200: resolved. 202: the resolution moves money, and another operator must approve it. */
  @Post(':id/resolve')
  @Operator('operator')
  @ClosesBreak()
  async resolve(
    @Param('id') id: string,
    @Body() dto: ResolveBreakDto,
    @Caller() caller: OperatorCaller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BreakDto> {
    const found = await this.breaks.find(parseId('brk', id));
    await this.audit.record(caller, 'break.resolve', id, { ...dto });
    const isProposed = await this.breaks.resolve(found, dto, `operator:${caller.username}`);
    if (isProposed) reply.status(HttpStatus.ACCEPTED);
    return this.read(id);
  }

  /** Approve another operator's proposal. The proposal is applied at once. */
  @Post(':id/approve')
  @Operator('operator')
  @ClosesBreak()
  async approve(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<BreakDto> {
    const found = await this.breaks.find(parseId('brk', id));
    await this.audit.record(caller, 'break.approve', id);
    await this.breaks.approve(found, `operator:${caller.username}`);
    return this.read(id);
  }

  /** Reject a proposal. The break stays open. */
  @Post(':id/reject')
  @Operator('operator')
  @ClosesBreak()
  async reject(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<BreakDto> {
    const found = await this.breaks.find(parseId('brk', id));
    await this.audit.record(caller, 'break.reject', id);
    await this.breaks.reject(found);
    return this.read(id);
  }
}

function ResolvesMany(): MethodDecorator {
  return applyDecorators(
    HttpCode(HttpStatus.OK),
    Takes(ResolveBreaksDto, RESOLVE_BREAKS_EXAMPLE),
    Reads(ResolvedBreaksDto),
  );
}

function ClosesBreak(): MethodDecorator {
  const description = 'Proposed; another operator must approve it.';
  return applyDecorators(
    HttpCode(HttpStatus.OK),
    Reads(BreakDto, 'invalid_state'),
    ApiAcceptedResponse({ type: BreakDto, description }),
  );
}
