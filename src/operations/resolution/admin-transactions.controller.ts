import { Controller, Get, Param, Query } from '@nestjs/common';
import {
  assertMayReadBlocked,
  assertMayReadPersonal,
  Audit,
  Caller,
  Operator,
  type OperatorCaller,
} from '../../access/index.js';
import { page } from '../../api/pagination.js';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import { Reads } from '../http/openapi.decorators.js';
import { TransactionLookup } from '../transactions/transaction-lookup.service.js';
import { Timeline } from '../transactions/timeline.service.js';
import { MASKED, Presenter } from '../transactions/transaction.presenter.js';
import { Proposals, type Proposal } from './proposals.service.js';
import {
  AdminTransactionQueryDto,
  ExpandEventsQueryDto,
  ExpandQueryDto,
  filterOf,
} from '../transactions/transaction-query.dto.js';
import { TransactionEventsDto, TransactionPageDto } from '../transactions/transaction.dto.js';
import { AdminTransactionDto, type ResolutionProposalDto } from './resolution.dto.js';

/** Transactions of all apps, for operators. */
@Controller('v1/admin/transactions')
@Operator('viewer')
export class AdminTransactionsController {
  constructor(
    private readonly reader: LedgerReader,
    private readonly lookup: TransactionLookup,
    private readonly presenter: Presenter,
    private readonly timeline: Timeline,
    private readonly audit: Audit,
    private readonly proposals: Proposals,
  ) {}

  /** List the transactions of all apps, newest first. */
  @Get()
  @Reads(TransactionPageDto)
  async list(@Query() query: AdminTransactionQueryDto): Promise<TransactionPageDto> {
    const found = await this.reader.list(filterOf(query), { limit: query.limit + 1, before: query.before });
    const { data, nextCursor } = page(found, query.limit, (transaction) => transaction.id);
    return { data: await this.presenter.transactions(data, MASKED), nextCursor };
  }

  /**
   * Get one transaction. Personal data is masked; `expand` shows it to the role `operator` (`admin` once it is blocked)
   * and is audited.
   */
  @Get(':id')
  @Reads(AdminTransactionDto)
  async read(
    @Param('id') id: string,
    @Query() query: ExpandQueryDto,
    @Caller() caller: OperatorCaller,
  ): Promise<AdminTransactionDto> {
    const personal = query.expand === 'personal';
    if (personal) assertMayReadPersonal(caller);
    const transaction = await this.lookup.any(id);
    if (personal && transaction.blockedAt !== null) assertMayReadBlocked(caller);
    if (personal) await this.audit.record(caller, 'transaction.read_personal', id);
    const shown = await this.presenter.transaction(transaction, { owner: false, personal, blocked: personal });
    return { ...shown, proposal: presentProposal(await this.proposals.open(transaction.id)) };
  }

  /** Get the timeline of one transaction. */
  @Get(':id/events')
  @Reads(TransactionEventsDto)
  async events(@Param('id') id: string, @Query() { expand }: ExpandEventsQueryDto): Promise<TransactionEventsDto> {
    const transaction = await this.lookup.any(id);
    return { data: await this.timeline.of(transaction, expand) };
  }
}

function presentProposal(proposal: Proposal | null): ResolutionProposalDto | null {
  if (!proposal) return null;
  const { outcome, evidence, reason, proposedBy, proposedAt } = proposal;
  return { outcome, evidence, reason, proposedBy, proposedAt: proposedAt.toISOString() };
}
