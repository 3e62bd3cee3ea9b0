import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Caller, Partner, type AppCaller } from '../../../access/index.js';
import { WaitFor } from '../../../api/prefer.js';
import { ChecksSubmission, Reads } from '../../../operations/http/openapi.decorators.js';
import { AsSubmission, type SubmissionRequest } from '../../../operations/intake/as-submission.decorator.js';
import { Intake } from '../../../operations/intake/intake.service.js';
import {
  ChangesTransaction,
  ReadsTransaction,
  SubmitsTransaction,
} from '../../../operations/transactions/transaction.decorators.js';
import { Cancellation } from '../../../operations/submission/cancellation.service.js';
import { TransactionLookup } from '../../../operations/transactions/transaction-lookup.service.js';
import { OWNER, Presenter } from '../../../operations/transactions/transaction.presenter.js';
import { ExpandQueryDto } from '../../../operations/transactions/transaction-query.dto.js';
import type { TransactionDto } from '../../../operations/transactions/transaction.dto.js';
import { Catalog } from '../catalog/catalog.service.js';
import { presentProduct, ProductListDto } from '../catalog/product.dto.js';
import { CreateTopupDto, TOPUP_EXAMPLE, TopupValidationDto } from './topup.dto.js';
import { Topups } from './topups.service.js';

/** Tops up prepaid Mexican phones through LATCOM. Real money. */
@Controller('v1/topups')
@ApiTags('Top-ups')
@Partner('topups')
export class TopupsController {
  constructor(
    private readonly intake: Intake,
    private readonly topups: Topups,
    private readonly catalog: Catalog,
    private readonly cancellation: Cancellation,
    private readonly lookup: TransactionLookup,
    private readonly presenter: Presenter,
  ) {}

  /**
   * Buy a top-up. It is executed at most once. If the provider's response is lost, it is `unknown` until evidence or an
   * operator resolves it.
   */
  @Post()
  @SubmitsTransaction({ body: CreateTopupDto, example: TOPUP_EXAMPLE }, 'possible_duplicate', 'insufficient_float')
  async create(@Body() dto: CreateTopupDto, @AsSubmission(10) request: SubmissionRequest): Promise<TransactionDto> {
    return this.intake.take(request, dto, () => this.topups.draft(dto));
  }

  /** Validate a top-up without buying it. Nothing is recorded or sent, and no idempotency key is used. */
  @Post('validate')
  @ChecksSubmission(CreateTopupDto, TOPUP_EXAMPLE, TopupValidationDto)
  async validate(@Body() body: unknown, @Caller() caller: AppCaller): Promise<TopupValidationDto> {
    return this.topups.check(body, caller.appId);
  }

  /** List the products, with limits and fixed prices. */
  @Get('products')
  @Reads(ProductListDto)
  async products(): Promise<ProductListDto> {
    return { data: (await this.catalog.list()).map(presentProduct) };
  }

  /** Get one top-up. With `Prefer: wait=N` the response is sent when the top-up changes, or after N seconds. */
  @Get(':id')
  @ReadsTransaction()
  async read(
    @Param('id') id: string,
    @Query() query: ExpandQueryDto,
    @Caller() caller: AppCaller,
    @WaitFor(0) waitMs: number,
  ): Promise<TransactionDto> {
    const transaction = await this.lookup.own(caller.appId, id, { waitMs, types: ['topup'] });
    return this.presenter.transaction(transaction, { owner: true, personal: query.expand === 'personal' });
  }

  /** Cancel a top-up that has not been sent. No idempotency key is needed. */
  @Post(':id/cancel')
  @ChangesTransaction()
  async cancel(@Param('id') id: string, @Caller() caller: AppCaller): Promise<TransactionDto> {
    const transaction = await this.lookup.own(caller.appId, id, { types: ['topup'] });
    return this.presenter.transaction(await this.cancellation.cancelUnsent(transaction), OWNER);
  }
}
