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

/** A transaction that waits for evidence or an operator. Its `quantity` is the amount in doubt. */
export class UnknownTransactionDto extends TransactionDto {
  /** When it became unknown. */
  @ApiProperty({ type: String, format: 'date-time' })
  unknownSince!: string;
  /** Whole seconds since then. */
  @ApiProperty({ type: 'integer', minimum: 0 })
  ageSeconds!: number;
}

export class UnknownPageDto {
  @ApiProperty({ type: [UnknownTransactionDto] })
  data!: UnknownTransactionDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

/** Transactions that were sent and whose outcome is unknown. */
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
