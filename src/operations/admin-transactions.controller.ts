import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { Audit, Caller, Operator, type OperatorCaller } from '../access/index.js';
import { page } from '../api/pagination.js';
import { LedgerReader } from '../ledger/reader.js';
import type { Transaction } from '../ledger/transaction.js';
import { DoesOperatorAct, Reads } from './docs.js';
import { TransactionLookup } from './lookup.js';
import { OperatorActs } from './operator-acts.js';
import { Presenter } from './present.js';
import { AdminTransactionQueryDto, filterOf } from './transaction-query.dto.js';
import { ResolveDto, TransactionDto, TransactionEventsDto, TransactionPageDto } from './transaction.dto.js';

const MASKED = { owner: false, personal: false };

/** All apps' transactions. */
@Controller('v1/admin/transactions')
@Operator('viewer')
export class AdminTransactionsController {
  constructor(
    private readonly reader: LedgerReader,
    private readonly lookup: TransactionLookup,
    private readonly presenter: Presenter,
  ) {}

  /** All apps' transactions, newest first. */
  @Get()
  @Reads(TransactionPageDto)
  async list(@Query() query: AdminTransactionQueryDto): Promise<TransactionPageDto> {
    const found = await this.reader.list(filterOf(query), { limit: query.limit + 1, before: query.before });
    const { data, nextCursor } = page(found, query.limit, (transaction) => transaction.id);
    return { data: await this.presenter.transactions(data, MASKED), nextCursor };
  }

  /** One transaction, personal data masked. */
  @Get(':id')
  @Reads(TransactionDto)
  async read(@Param('id') id: string): Promise<TransactionDto> {
    return this.presenter.transaction(await this.lookup.any(id), MASKED);
  }

  /** Its timeline. */
  @Get(':id/events')
  @Reads(TransactionEventsDto)
  async events(@Param('id') id: string): Promise<TransactionEventsDto> {
    const transaction = await this.lookup.any(id);
    const events = await this.reader.events(transaction.id);
    return { data: events.map((event) => this.presenter.event(event)) };
  }
}

/** What an operator does about one transaction; every act is audited. */
@Controller('v1/admin/transactions/:id')
@Operator('operator')
export class OperatorActsController {
  constructor(
    private readonly acts: OperatorActs,
    private readonly lookup: TransactionLookup,
    private readonly presenter: Presenter,
    private readonly audit: Audit,
  ) {}

  /** Say how an `unknown` or parked transaction ended, with the evidence for it. */
  @Post('resolve')
  @DoesOperatorAct()
  async resolve(
    @Param('id') id: string,
    @Body() dto: ResolveDto,
    @Caller() caller: OperatorCaller,
  ): Promise<TransactionDto> {
    return this.act(id, caller, 'resolve', (transaction, actor) => this.acts.resolve(transaction, dto, actor), {
      ...dto,
    });
  }

  /** Try a parked transaction again now. */
  @Post('retry')
  @DoesOperatorAct()
  async retry(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<TransactionDto> {
    return this.act(id, caller, 'retry', (transaction, actor) => this.acts.retry(transaction, actor), {});
  }

  /** Ask the provider now how a `processing` transaction ended. */
  @Post('refresh')
  @DoesOperatorAct()
  async refresh(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<TransactionDto> {
    return this.act(id, caller, 'refresh', (transaction, actor) => this.acts.refresh(transaction, actor), {});
  }

  private async act(
    id: string,
    caller: OperatorCaller,
    verb: string,
    does: (transaction: Transaction, actor: string) => Promise<Transaction>,
    detail: Record<string, string>,
  ): Promise<TransactionDto> {
    const transaction = await this.lookup.any(id);
    // Before the act: there may be a line of what did not come about, never an act without a line.
    await this.audit.record(caller, `transaction.${verb}`, id, detail);
    const changed = await does(transaction, `operator:${caller.username}`);
    return this.presenter.transaction(changed, MASKED);
  }
}
