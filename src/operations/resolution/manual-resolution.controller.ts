import { applyDecorators, Body, Controller, Param, Post, Res } from '@nestjs/common';
import { ApiAcceptedResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Caller, Operator, type OperatorCaller } from '../../access/index.js';
import { Config } from '../../config/config.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { AuditedAction } from './audited-action.service.js';
import { ChangesTransaction } from '../transactions/transaction.decorators.js';
import { ManualResolution } from './manual-resolution.service.js';
import { Proposals } from './proposals.service.js';
import { ResolveDto } from './resolution.dto.js';
import { TransactionDto } from '../transactions/transaction.dto.js';

const ACCEPTED = 202;

/** Actions of operators on one transaction. */
@Controller('v1/admin/transactions/:id')
@Operator('operator')
export class OperatorActsController {
  constructor(
    private readonly resolution: ManualResolution,
    private readonly audited: AuditedAction,
  ) {}

  /** Retry a parked transaction now. */
  @Post('retry')
  @ChangesTransaction()
  async retry(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<TransactionDto> {
    return this.audited.run(id, caller, 'retry', (transaction, actor) => this.resolution.retry(transaction, actor));
  }

  /** Query the provider for the result of a `processing` transaction. */
  @Post('refresh')
  @ChangesTransaction()
  async refresh(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<TransactionDto> {
    return this.audited.run(id, caller, 'refresh', (transaction, actor) => this.resolution.refresh(transaction, actor));
  }
}

/** Resolutions by operators: by one, or with `REQUIRE_SECOND_OPERATOR` by two. */
@Controller('v1/admin/transactions/:id')
@Operator('operator')
export class ResolutionsController {
  constructor(
    private readonly config: Config,
    private readonly acts: ManualResolution,
    private readonly proposals: Proposals,
    private readonly audited: AuditedAction,
  ) {}

  /**
   * Resolve an `unknown` or parked transaction, with evidence. 200: resolved. 202: proposed; another operator must
   * approve it.
   */
  @Post('resolve')
  @Resolves()
  async resolve(
    @Param('id') id: string,
    @Body() dto: ResolveDto,
    @Caller() caller: OperatorCaller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionDto> {
    const alone = !this.config.requireSecondOperator;
    const does = async (transaction: Transaction, actor: string): Promise<Transaction> => {
      if (alone) return this.acts.resolve(transaction, dto, actor);
      await this.proposals.propose(transaction, dto, actor);
      return transaction;
    };
    const shown = await this.audited.run(id, caller, alone ? 'resolve' : 'propose', does, { ...dto });
    if (!alone) reply.status(ACCEPTED);
    return shown;
  }

  /** Approve another operator's proposal. It is executed at once. */
  @Post('approve')
  @ChangesTransaction()
  async approve(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<TransactionDto> {
    return this.audited.run(id, caller, 'approve', (transaction, actor) => this.proposals.approve(transaction, actor));
  }

  /** Reject a proposal. The transaction does not change. */
  @Post('reject')
  @ChangesTransaction()
  async reject(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<TransactionDto> {
    return this.audited.run(id, caller, 'reject', (transaction, actor) => this.proposals.reject(transaction, actor));
  }
}

function Resolves(): MethodDecorator {
  const description = 'Proposed; another operator must approve it.';
  return applyDecorators(ChangesTransaction(), ApiAcceptedResponse({ type: TransactionDto, description }));
}
