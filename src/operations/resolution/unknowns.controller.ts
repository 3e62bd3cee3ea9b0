import { Controller, Get, Query } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { Operator } from '../../access/index.js';
import { Optional } from '../../api/optional.js';
import { page, PageQueryDto } from '../../api/pagination.js';
import { Database } from '../../database/database.js';
import { listUnknowns } from '../../ledger/reads/unknowns.js';
import { PROVIDERS } from '../../providers/declared.js';
import { Reads } from '../http/openapi.decorators.js';
import { MASKED, Presenter } from '../transactions/transaction.presenter.js';
import { TransactionDto } from '../transactions/transaction.dto.js';

export class UnknownQueryDto extends PageQueryDto {
  @Optional()
  @IsIn(PROVIDERS)
  @ApiPropertyOptional({ enum: PROVIDERS })
  provider?: string;
}

/** A transaction that waits for an operator or for evidence; the amount that is in doubt is its `quantity`. */
export class UnknownTransactionDto extends TransactionDto {
  /** Since when nobody can say whether it happened. */
  @ApiProperty({ type: String, format: 'date-time' })
  unknownSince!: string;
  /** The same in whole seconds until now. */
  @ApiProperty({ type: 'integer', minimum: 0 })
  ageSeconds!: number;
}

export class UnknownPageDto {
  @ApiProperty({ type: [UnknownTransactionDto] })
  data!: UnknownTransactionDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

/** What was sent and nobody knows the end of. */
@Controller('v1/admin/transactions/unknown')
@Operator('viewer')
export class UnknownsController {
  constructor(
    private readonly database: Database,
    private readonly presenter: Presenter,
  ) {}

  /** List unknown transactions of all apps, oldest first. */
  @Get()
  @Reads(UnknownPageDto)
  async list(@Query() query: UnknownQueryDto): Promise<UnknownPageDto> {
    const { provider = null, limit, before: after } = query;
    const found = await listUnknowns(this.database, { provider, limit: limit + 1, after });
    const { data, nextCursor } = page(found, limit, ({ transaction }) => transaction.id);
    const shown = data.map(async ({ transaction, since, ageSeconds }) => ({
      ...(await this.presenter.transaction(transaction, MASKED)),
      unknownSince: since.toISOString(),
      ageSeconds: Math.floor(ageSeconds),
    }));
    return { data: await Promise.all(shown), nextCursor };
  }
}
