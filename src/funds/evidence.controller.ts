import { Controller, Get, Param } from '@nestjs/common';
import { Caller, Operator, Partner, type AppCaller } from '../access/index.js';
import { Reads } from '../operations/http/openapi.decorators.js';
import { TransactionLookup } from '../operations/transactions/transaction-lookup.service.js';
import { EvidenceDto } from './evidence.dto.js';
import { EvidencePresenter } from './evidence.presenter.js';

/** Evidence for the app that owns the transaction. */
@Controller('v1/transactions/:id/evidence')
@Partner('transactions:read')
export class EvidenceController {
  constructor(
    private readonly evidence: EvidencePresenter,
    private readonly lookup: TransactionLookup,
  ) {}

  /**
   * Get the evidence for and against the execution of an `unknown` transaction. The verdict is a proposal and changes
   * nothing.
   */
  @Get()
  @Reads(EvidenceDto)
  async read(@Param('id') id: string, @Caller() caller: AppCaller): Promise<EvidenceDto> {
    return this.evidence.of(await this.lookup.own(caller.appId, id));
  }
}

/** Evidence for operators. */
@Controller('v1/admin/transactions/:id/evidence')
@Operator('viewer')
export class AdminEvidenceController {
  constructor(
    private readonly evidence: EvidencePresenter,
    private readonly lookup: TransactionLookup,
  ) {}

  /** Get the evidence for a transaction of any app. */
  @Get()
  @Reads(EvidenceDto)
  async read(@Param('id') id: string): Promise<EvidenceDto> {
    return this.evidence.of(await this.lookup.any(id));
  }
}
