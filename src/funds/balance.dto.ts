import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { Optional } from '../api/optional.js';
import { PageQueryDto } from '../api/pagination.js';

export class BalanceQueryDto extends PageQueryDto {
  /** `true`: query the provider first. */
  @Optional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  @ApiPropertyOptional({ enum: ['true', 'false'], example: undefined })
  refresh?: string;
}

/** A balance as the provider reported it. */
export class ObservedBalanceDto {
  @ApiProperty({ type: String, format: 'date-time' })
  at!: string;
  /** @example "1000.00" */
  balance!: string;
  @ApiProperty({ type: String, nullable: true, example: 'USD' })
  currency!: string | null;
  /** `query`: from a balance query. `purchase`: reported with a purchase. */
  @ApiProperty({ enum: ['query', 'purchase'] })
  source!: string;
  @ApiProperty({ type: String, nullable: true })
  transactionId!: string | null;
}

export class CurrentBalanceDto {
  @ApiProperty({ type: String, format: 'date-time' })
  at!: string;
  /** @example "1000.00" */
  balance!: string;
  @ApiProperty({ type: String, nullable: true, example: 'USD' })
  currency!: string | null;
  /** The observed rate: the amount in the ledger's unit that one unit of the balance buys; null: not observed yet. */
  @ApiProperty({ type: String, nullable: true, example: '17.094017' })
  rate!: string | null;
  /** Hours until the balance is used up at the rate of the last 24 hours; null: not known. */
  @ApiProperty({ type: Number, nullable: true })
  hoursLeft!: number | null;
  /** The lowest configured level that the balance is below; null: above all levels. */
  @ApiProperty({ type: String, nullable: true, example: null })
  belowLevel!: string | null;
  /** Purchases have been paused since this time because of insufficient funds at the provider; null: not paused. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  emptySince!: string | null;
}

export class BalancePageDto {
  @ApiProperty({ type: CurrentBalanceDto, nullable: true })
  current!: CurrentBalanceDto | null;
  @ApiProperty({ type: [ObservedBalanceDto] })
  data!: ObservedBalanceDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
