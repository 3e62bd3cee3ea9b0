import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Caller, Partner, type AppCaller } from '../../../access/index.js';
import { PageQueryDto, page } from '../../../api/pagination.js';
import { LedgerReader } from '../../../ledger/reads/ledger-reader.service.js';
import type { Resource } from '../../../ledger/model/transaction.js';
import { Reads } from '../../../operations/http/openapi.decorators.js';
import { AsSubmission, type SubmissionRequest } from '../../../operations/intake/as-submission.decorator.js';
import { Intake } from '../../../operations/intake/intake.service.js';
import { SubmitsTransaction } from '../../../operations/transactions/transaction.decorators.js';
import { OWNER, Presenter } from '../../../operations/transactions/transaction.presenter.js';
import type { TransactionDto } from '../../../operations/transactions/transaction.dto.js';
import { PassStore } from './pass-store.service.js';
import { PassQueryDto } from './pass-change.dto.js';
import { VOID } from './pass.operation.js';
import { CreatePassDto, PASS_EXAMPLE, PassDto, PassPageDto } from './pass.dto.js';
import { PASS, passDraft } from './pass.draft.js';
import { Plans } from '../plans/plans.service.js';

/** Issues lounge and eSIM passes through LoyaltyLayer. */
@Controller('v1/passes')
@ApiTags('Passes')
@Partner('passes')
export class PassesController {
  constructor(
    private readonly intake: Intake,
    private readonly reader: LedgerReader,
    private readonly plans: Plans,
    private readonly presenter: Presenter,
    private readonly store: PassStore,
  ) {}

  /** Issue a pass. If the provider's response is lost, the pass becomes `unknown` and is not sent again. */
  @Post()
  @SubmitsTransaction({ body: CreatePassDto, example: PASS_EXAMPLE })
  async create(@Body() dto: CreatePassDto, @AsSubmission(10) request: SubmissionRequest): Promise<TransactionDto> {
    return this.intake.take(request, dto, async () => passDraft(dto, await this.plans.find(dto.planId)));
  }

  /** List the app's passes, newest first. */
  @Get()
  @Reads(PassPageDto)
  async list(@Query() query: PageQueryDto, @Caller() caller: AppCaller): Promise<PassPageDto> {
    const request = { kind: PASS, hidden: VOID, limit: query.limit + 1, before: query.before };
    const found = await this.reader.listResources(caller.appId, request);
    const { data, nextCursor } = page(found, query.limit, (resource) => resource.id);
    return { data: await Promise.all(data.map((resource) => this.present(resource))), nextCursor };
  }

  /** Get one pass. With `refresh=true` its current state is read from LoyaltyLayer first. */
  @Get(':passId')
  @Reads(PassDto, 'provider_error', 'provider_unavailable', 'provider_timeout')
  async read(
    @Param('passId') passId: string,
    @Query() query: PassQueryDto,
    @Caller() caller: AppCaller,
  ): Promise<PassDto> {
    const found = await this.store.find(caller.appId, passId);
    return this.present(query.refresh === 'true' ? await this.store.refresh(found) : found);
  }

  private async present(resource: Resource): Promise<PassDto> {
    return {
      ...(await this.presenter.resource(resource, OWNER)),
      planId: planOf(resource),
      metadata: resource.blockedAt === null ? resource.metadata : {},
      createdAt: resource.createdAt.toISOString(),
      updatedAt: resource.updatedAt.toISOString(),
    };
  }
}

function planOf({ detail }: Resource): string {
  const planId = detail['planId'];
  return typeof planId === 'string' ? planId : '';
}
