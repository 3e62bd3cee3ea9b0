import { Controller, Get, Param, Query } from '@nestjs/common';
import { Operator } from '../access/index.js';
import { page } from '../api/pagination.js';
import { publicId } from '../common/ids.js';
import { Reads } from '../operations/http/openapi.decorators.js';
import { Problem } from '../common/problem.js';
import { compareDecimals } from '../readers/decimal.js';
import { BalanceWatch } from './balance-watch.job.js';
import { BalancePageDto, BalanceQueryDto, type CurrentBalanceDto, type ObservedBalanceDto } from './balance.dto.js';
import { Balances, type FloatState, type StoredBalance } from './balances.service.js';

/** The prepaid balance at a provider. */
@Controller('v1/admin/providers/:name/balance')
@Operator('viewer')
export class BalanceController {
  constructor(
    private readonly balances: Balances,
    private readonly watch: BalanceWatch,
  ) {}

  /**
   * Get the observed balances, newest first. With `refresh=true` the provider is queried first. 404 when the provider
   * has no balance.
   */
  @Get()
  @Reads(BalancePageDto, 'provider_error', 'provider_unavailable')
  async read(@Param('name') name: string, @Query() query: BalanceQueryDto): Promise<BalancePageDto> {
    const source = this.watch.source(name);
    if (!source) throw Problem.notFound('balance');
    if (query.refresh === 'true') await this.watch.refresh(name);
    const found = await this.balances.history(name, { limit: query.limit + 1, before: query.before });
    const { data, nextCursor } = page(found, query.limit, (row) => row.id);
    const state = await this.balances.state(name);
    return { current: state && presentState(state, source.lowLevels), data: data.map(present), nextCursor };
  }
}

function present({ at, balance, currency, source, transactionId }: StoredBalance): ObservedBalanceDto {
  return {
    at: at.toISOString(),
    balance,
    currency,
    source,
    transactionId: transactionId && publicId('txn', transactionId),
  };
}

function presentState(state: FloatState, levels: readonly string[]): CurrentBalanceDto {
  const below = levels.filter((level) => compareDecimals(state.balance, level) < 0);
  return {
    at: state.at.toISOString(),
    balance: state.balance,
    currency: state.currency,
    rate: state.rate,
    hoursLeft: state.hoursLeft === null ? null : Number(state.hoursLeft),
    belowLevel: below.sort(compareDecimals)[0] ?? null,
    emptySince: state.emptiedAt !== null && state.emptiedAt > state.begunAt ? state.emptiedAt.toISOString() : null,
  };
}
