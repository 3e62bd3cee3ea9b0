import { Controller, Get, Param, Query } from '@nestjs/common';
import { assertMayReadPersonal, Audit, Caller, Operator, type OperatorCaller } from '../access/index.js';
import { page } from '../api/pagination.js';
import { LedgerReader } from '../ledger/reader.js';
import { Reads } from './docs.js';
import { TransactionLookup } from './lookup.js';
import { MASKED, Presenter } from './present.js';
import { AdminTransactionQueryDto, ExpandQueryDto, filterOf } from './transaction-query.dto.js';
import { TransactionDto, TransactionEventsDto, TransactionPageDto } from './transaction.dto.js';

/** All apps' transactions. */
@Controller('v1/admin/transactions')
@Operator('viewer')
export class AdminTransactionsController {
  constructor(
    private readonly reader: LedgerReader,
    private readonly lookup: TransactionLookup,
    private readonly presenter: Presenter,
    private readonly audit: Audit,
  ) {}

  /** All apps' transactions, newest first. */
  @Get()
  @Reads(TransactionPageDto)
  async list(@Query() query: AdminTransactionQueryDto): Promise<TransactionPageDto> {
    const found = await this.reader.list(filterOf(query), { limit: query.limit + 1, before: query.before });
    const { data, nextCursor } = page(found, query.limit, (transaction) => transaction.id);
    return { data: await this.presenter.transactions(data, MASKED), nextCursor };
  }

  /** One transaction, personal data masked; in clear with `expand`, for the role `operator` and audited. */
  @Get(':id')
  @Reads(TransactionDto)
  async read(
    @Param('id') id: string,
    @Query() query: ExpandQueryDto,
    @Caller() caller: OperatorCaller,
  ): Promise<TransactionDto> {
    const personal = query.expand === 'personal';
    if (personal) assertMayReadPersonal(caller);
    const transaction = await this.lookup.any(id);
    if (personal) await this.audit.record(caller, 'transaction.read_personal', id);
    return this.presenter.transaction(transaction, { owner: false, personal });
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
