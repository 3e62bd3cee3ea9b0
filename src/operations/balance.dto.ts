import { ApiProperty } from '@nestjs/swagger';

/** One account of the ledger in one unit. What an app takes is owed to the provider that gives it. */
export class BalanceDto {
  /**
   * An app's id, or a provider's name.
   * @example "latcom"
   */
  account!: string;
  @ApiProperty({ enum: ['app', 'provider'] })
  kind!: string;
  /** @example "MXN" */
  unit!: string;
  /**
   * Reserved for transactions that are not final; negative for an app.
   * @example "20.00"
   */
  held!: string;
  /**
   * Moved for good; negative for an app.
   * @example "130.00"
   */
  posted!: string;
}

export class BalanceListDto {
  @ApiProperty({ type: [BalanceDto] })
  data!: BalanceDto[];
}
