import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Caller, Partner, type AppCaller } from '../../access/index.js';
import { IdempotencyKey } from '../../api/idempotency-key.js';
import { WaitFor } from '../../api/prefer.js';
import { markSubmitted } from '../../operations/answer.js';
import { ReadsTransaction, SubmitsTransaction } from '../../operations/docs.js';
import { TransactionLookup } from '../../operations/lookup.js';
import { Operations } from '../../operations/operations.js';
import { OWNER, Presenter } from '../../operations/present.js';
import { ExpandQueryDto } from '../../operations/transaction-query.dto.js';
import type { TransactionDto } from '../../operations/transaction.dto.js';
import { ACCRUAL_EXAMPLE, CreateAccrualDto } from './accrual.dto.js';
import { Accruals } from './accruals.js';

/** Credits points to LATAM Pass members. */
@Controller('v1/accruals')
@Partner('accruals')
export class AccrualsController {
  constructor(
    private readonly accruals: Accruals,
    private readonly operations: Operations,
    private readonly lookup: TransactionLookup,
    private readonly presenter: Presenter,
  ) {}

  /** Credit points to a member. Processing is asynchronous and cannot be canceled once sent: use `releaseAt` to hold it. */
  @Post()
  @SubmitsTransaction({ body: CreateAccrualDto, example: ACCRUAL_EXAMPLE })
  async create(
    @Body() dto: CreateAccrualDto,
    @Caller() caller: AppCaller,
    @IdempotencyKey() idempotencyKey: string,
    @WaitFor(0) waitMs: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionDto> {
    const draft = this.accruals.draft(dto, caller);
    const request = { route: 'POST /v1/accruals', body: dto };
    const submitted = await this.operations.submit(draft, { appId: caller.appId, idempotencyKey, request, waitMs });
    markSubmitted(reply, submitted);
    return this.presenter.transaction(submitted.transaction, OWNER);
  }

  /** One accrual; with `Prefer: wait=N` as soon as it has changed. */
  @Get(':id')
  @ReadsTransaction()
  async read(
    @Param('id') id: string,
    @Query() query: ExpandQueryDto,
    @Caller() caller: AppCaller,
    @WaitFor(0) waitMs: number,
  ): Promise<TransactionDto> {
    const transaction = await this.lookup.own(caller.appId, id, { waitMs, types: ['accrual'] });
    return this.presenter.transaction(transaction, { owner: true, personal: query.expand === 'personal' });
  }
}
