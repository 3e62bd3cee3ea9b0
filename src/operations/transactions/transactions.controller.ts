import { Controller, Get, Param, Query } from '@nestjs/common';
import { Caller, Partner, type AppCaller } from '../../access/index.js';
import { page } from '../../api/pagination.js';
import { WaitFor } from '../../api/prefer.js';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import { Reads } from '../http/openapi.decorators.js';
import { ReadsTransaction } from './transaction.decorators.js';
import { TransactionLookup } from './transaction-lookup.service.js';
import { Timeline } from './timeline.service.js';
import { OWNER, Presenter } from './transaction.presenter.js';
import { ExpandEventsQueryDto, ExpandQueryDto, filterOf, TransactionQueryDto } from './transaction-query.dto.js';
import { TransactionDto, TransactionEventsDto, TransactionPageDto } from './transaction.dto.js';

/** The app's own transactions, whatever their type. */
@Controller('v1/transactions')
@Partner('transactions:read')
export class TransactionsController {
  constructor(
    private readonly reader: LedgerReader,
    private readonly lookup: TransactionLookup,
    private readonly presenter: Presenter,
    private readonly timeline: Timeline,
  ) {}

  /** List the app's transactions, newest first. */
  @Get()
  @Reads(TransactionPageDto)
  async list(@Query() query: TransactionQueryDto, @Caller() caller: AppCaller): Promise<TransactionPageDto> {
    const filter = { ...filterOf(query), appId: caller.appId };
    const found = await this.reader.list(filter, { limit: query.limit + 1, before: query.before });
    const { data, nextCursor } = page(found, query.limit, (transaction) => transaction.id);
    return { data: await this.presenter.transactions(data, OWNER), nextCursor };
  }

  /** Get one transaction. With `Prefer: wait=N` the response is sent when the transaction changes, or after N seconds. */
  @Get(':id')
  @ReadsTransaction()
  async read(
    @Param('id') id: string,
    @Query() query: ExpandQueryDto,
    @Caller() caller: AppCaller,
    @WaitFor(0) waitMs: number,
  ): Promise<TransactionDto> {
    const transaction = await this.lookup.own(caller.appId, id, { waitMs });
    return this.presenter.transaction(transaction, { owner: true, personal: query.expand === 'personal' });
  }

  /** Get the timeline: each status change, its time and its evidence. Append-only. */
  @Get(':id/events')
  @Reads(TransactionEventsDto)
  async events(
    @Param('id') id: string,
    @Query() { expand }: ExpandEventsQueryDto,
    @Caller() caller: AppCaller,
  ): Promise<TransactionEventsDto> {
    const transaction = await this.lookup.own(caller.appId, id);
    return { data: await this.timeline.of(transaction, expand) };
  }
}
