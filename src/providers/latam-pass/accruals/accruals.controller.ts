import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Caller, Partner, type AppCaller } from '../../../access/index.js';
import { WaitFor } from '../../../api/prefer.js';
import { LedgerReader } from '../../../ledger/reads/ledger-reader.service.js';
import { POINTS_UNIT } from './points.js';
import { Reads } from '../../../operations/http/openapi.decorators.js';
import { AsSubmission, type SubmissionRequest } from '../../../operations/intake/as-submission.decorator.js';
import { Intake } from '../../../operations/intake/intake.service.js';
import {
  ChangesTransaction,
  ReadsTransaction,
  SubmitsTransaction,
} from '../../../operations/transactions/transaction.decorators.js';
import { TransactionLookup } from '../../../operations/transactions/transaction-lookup.service.js';
import { OWNER, Presenter } from '../../../operations/transactions/transaction.presenter.js';
import { ExpandQueryDto } from '../../../operations/transactions/transaction-query.dto.js';
import type { TransactionDto } from '../../../operations/transactions/transaction.dto.js';
import { ACCRUAL_EXAMPLE, AMEND_EXAMPLE, AmendAccrualDto, CreateAccrualDto, HeldAccrualsDto } from './accrual.dto.js';
import { Accruals } from './accruals.service.js';
import { HeldAccruals } from './held-accruals.service.js';

/** Credits points to LATAM Pass members. */
@Controller('v1/accruals')
@ApiTags('Accruals')
@Partner('accruals')
export class AccrualsController {
  constructor(
    private readonly accruals: Accruals,
    private readonly intake: Intake,
    private readonly lookup: TransactionLookup,
    private readonly reader: LedgerReader,
    private readonly presenter: Presenter,
  ) {}

  /** Credit points to a member. Processing is asynchronous and cannot be canceled once sent: use `releaseAt` to hold it. */
  @Post()
  @SubmitsTransaction({ body: CreateAccrualDto, example: ACCRUAL_EXAMPLE })
  async create(@Body() dto: CreateAccrualDto, @AsSubmission(0) request: SubmissionRequest): Promise<TransactionDto> {
    return this.intake.take(request, dto, () => this.accruals.draft(dto, request.caller));
  }

  /** Points on hold, by release day (UTC). */
  @Get('held')
  @Reads(HeldAccrualsDto)
  async held(@Caller() caller: AppCaller): Promise<HeldAccrualsDto> {
    const days = await this.reader.held(caller.appId, 'accrual');
    return {
      data: days.map(({ day, quantity, count }) => ({
        date: day,
        quantity: { value: quantity.toString(), unit: POINTS_UNIT },
        count,
      })),
    };
  }

  /** Get one accrual. With `Prefer: wait=N` the response is sent when the accrual changes, or after N seconds. */
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

/** Changes accruals that have not been sent yet. */
@Controller('v1/accruals/:id')
@ApiTags('Accruals')
@Partner('accruals')
export class HeldAccrualsController {
  constructor(
    private readonly held: HeldAccruals,
    private readonly lookup: TransactionLookup,
    private readonly presenter: Presenter,
  ) {}

  /** Change the points, release time, description or metadata of an accrual on hold. */
  @Patch()
  @ChangesTransaction(AmendAccrualDto, AMEND_EXAMPLE)
  async amend(
    @Param('id') id: string,
    @Body() dto: AmendAccrualDto,
    @Caller() caller: AppCaller,
  ): Promise<TransactionDto> {
    const transaction = await this.lookup.own(caller.appId, id, { types: ['accrual'] });
    return this.presenter.transaction(await this.held.amend(transaction, dto), OWNER);
  }

  /** Cancel an accrual on hold. Nothing has been sent to LATAM Pass. */
  @Post('cancel')
  @ChangesTransaction()
  async cancel(@Param('id') id: string, @Caller() caller: AppCaller): Promise<TransactionDto> {
    const transaction = await this.lookup.own(caller.appId, id, { types: ['accrual'] });
    return this.presenter.transaction(await this.held.cancel(transaction), OWNER);
  }
}
