import { Controller, Get, Injectable, Param } from '@nestjs/common';
import { Caller, Operator, Partner, type AppCaller } from '../access/index.js';
import { publicId } from '../common/ids.js';
import { LedgerReader } from '../ledger/reads/ledger-reader.service.js';
import type { Transaction } from '../ledger/model/transaction.js';
import { formatQuantity } from '../ledger/model/units.js';
import { Reads } from '../operations/http/openapi.decorators.js';
import { TransactionLookup } from '../operations/transactions/transaction-lookup.service.js';
import { Presenter } from '../operations/transactions/transaction.presenter.js';
import { EvidenceDto, type EvidenceBalanceDto } from './evidence.dto.js';
import { EvidenceFinder } from './evidence-finder.service.js';
import type { ObservedBalance } from './balance-evidence.js';

/** Builds the response that shows the evidence for one transaction. */
@Injectable()
export class EvidencePresenter {
  constructor(
    private readonly finder: EvidenceFinder,
    private readonly reader: LedgerReader,
    private readonly presenter: Presenter,
  ) {}

  async of(transaction: Transaction): Promise<EvidenceDto> {
    const { id, status, quantity, unit, updatedAt } = transaction;
    const { verdict, reasons, before, after } = await this.finder.find(transaction);
    const events = await this.reader.events(id);
    return {
      transactionId: publicId('txn', id),
      status,
      ageSeconds: Math.max(Math.round((Date.now() - updatedAt.getTime()) / 1000), 0),
      quantity: quantity === null || unit === null ? null : formatQuantity(quantity, unit),
      verdict,
      reasons: [...reasons],
      balanceBefore: present(before),
      balanceAfter: present(after),
      events: events.map((event) => this.presenter.event(event)),
    };
  }
}

/** Evidence for the app that owns the transaction. */
@Controller('v1/transactions/:id/evidence')
@Partner('transactions:read')
export class EvidenceController {
  constructor(
    private readonly evidence: EvidencePresenter,
    private readonly lookup: TransactionLookup,
  ) {}

  /** Get the evidence whether an `unknown` transaction was executed. The verdict is a proposal and changes nothing. */
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

function present(look: ObservedBalance | null): EvidenceBalanceDto | null {
  return look && { at: look.at.toISOString(), balance: look.balance };
}
