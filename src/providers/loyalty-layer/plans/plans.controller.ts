import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { cursorOfText, textOfCursor } from '../../../api/pagination.js';
import type { OperatorCaller } from '../../../access/caller.js';
import { Caller } from '../../../access/decorators.js';
import type { PlanEntity } from './plan.entity.js';
import { Administers, Inspects } from '../../../access/admin/admin-routes.js';
import { CreatePlanDto, PlanDto, PlanPageDto, PlanQueryDto, UpdatePlanDto } from './plans.dto.js';
import { PlanAdmin } from './plan-admin.service.js';

/** Rules for LoyaltyLayer's plans. A plan without configuration is sent without checks. */
@Controller('v1/admin/plans')
@ApiTags('Administration')
export class PlansController {
  constructor(private readonly planAdmin: PlanAdmin) {}

  /** Configure a plan. */
  @Post()
  @Administers({ created: PlanDto })
  async create(@Body() dto: CreatePlanDto, @Caller() caller: OperatorCaller): Promise<PlanDto> {
    return present(await this.planAdmin.create(dto, caller));
  }

  /** List configured plans, by id. */
  @Get()
  @Inspects(PlanPageDto)
  async list(@Query() query: PlanQueryDto): Promise<PlanPageDto> {
    const found = await this.planAdmin.list(query.limit + 1, textOfCursor(query.cursor));
    const data = found.slice(0, query.limit).map(present);
    const last = found.length > query.limit ? data.at(-1) : undefined;
    return { data, nextCursor: last ? cursorOfText(last.planId) : null };
  }

  /** Get one configured plan. */
  @Get(':planId')
  @Inspects(PlanDto)
  async read(@Param('planId') planId: string): Promise<PlanDto> {
    return present(await this.planAdmin.read(planId));
  }

  /** Change a plan; takes effect within 5 s. */
  @Patch(':planId')
  @Administers({ ok: PlanDto })
  async update(
    @Param('planId') planId: string,
    @Body() dto: UpdatePlanDto,
    @Caller() caller: OperatorCaller,
  ): Promise<PlanDto> {
    return present(await this.planAdmin.update(planId, dto, caller));
  }

  /** Remove a plan's configuration. */
  @Delete(':planId')
  @Administers({})
  async remove(@Param('planId') planId: string, @Caller() caller: OperatorCaller): Promise<void> {
    await this.planAdmin.remove(planId, caller);
  }
}

function present({ planId, kind, enrolTokenRequired, createdAt, updatedAt }: PlanEntity): PlanDto {
  return {
    planId,
    kind,
    enrolTokenRequired,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
