import { ApiProperty } from '@nestjs/swagger';
import { QuantityDto, TransactionEventDto } from '../operations/transactions/transaction.dto.js';

export class EvidenceBalanceDto {
  @ApiProperty({ type: String, format: 'date-time' })
  at!: string;
  /**
   * The balance in its own currency.
   * @example "1000.00"
   */
  balance!: string;
}

/** Evidence for and against the execution of a transaction. The verdict is a proposal and changes nothing. */
export class EvidenceDto {
  /** @example "txn_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11" */
  transactionId!: string;
  /** @example "unknown" */
  status!: string;
  /** Seconds since the last status change. */
  ageSeconds!: number;
  @ApiProperty({ type: QuantityDto, nullable: true })
  quantity!: QuantityDto | null;
  @ApiProperty({ enum: ['proven_delivered', 'proven_not_delivered', 'indeterminate'] })
  verdict!: string;
  /** The reasons for the verdict, as text. */
  @ApiProperty({ type: [String] })
  reasons!: string[];
  /** The last balance observed before the transaction was sent; null: none. */
  @ApiProperty({ type: EvidenceBalanceDto, nullable: true })
  balanceBefore!: EvidenceBalanceDto | null;
  /** The first balance observed after the transaction's deadline; null: none. */
  @ApiProperty({ type: EvidenceBalanceDto, nullable: true })
  balanceAfter!: EvidenceBalanceDto | null;
  /** The timeline: each status change, its time and its evidence. */
  @ApiProperty({ type: [TransactionEventDto] })
  events!: TransactionEventDto[];
}
