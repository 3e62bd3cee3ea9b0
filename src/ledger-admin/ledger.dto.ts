import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import { Optional } from '../api/optional.js';
import { VIEWS, type View } from '../ledger/reads/ledger-balances.service.js';
import { IsDateTime } from '../operations/http/field.validators.js';

export class BalanceQueryDto {
  /** The balances at that time, with all of its millisecond; default: now. */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  at?: string;

  /**
   * `known`: what had been recorded by then. `happened`: what had happened by then, as it is known today; the end of a
   * transaction that was unknown counts from when it became so, a correction from the end of what it corrects.
   */
  @Optional()
  @IsIn(VIEWS)
  @ApiPropertyOptional({ enum: VIEWS, default: 'known' })
  by?: View;
}

/** An account of the ledger: one per app and unit, one per provider and unit. */
export class AccountDto {
  /**
   * An app's id, or a provider's name.
   * @example "latcom"
   */
  account!: string;
  @ApiProperty({ enum: ['app', 'provider'] })
  kind!: string;
  /** @example "MXN" */
  unit!: string;
}

export class OpenedAccountDto extends AccountDto {
  @ApiProperty({ type: String, format: 'date-time' })
  openedAt!: string;
}

export class AccountListDto {
  @ApiProperty({ type: [OpenedAccountDto] })
  data!: OpenedAccountDto[];
}

/** One account in one unit. What an app takes is owed to the provider that gives it. */
export class BalanceDto extends AccountDto {
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

/** The first thing in the ledger that is not as it was written. */
export class LedgerFaultDto {
  @ApiProperty({
    enum: [
      'row_changed',
      'row_missing',
      'row_added',
      'seal_changed',
      'seal_missing',
      'status_differs',
      'amount_differs',
      'transaction_missing',
      'balance_differs',
      'unit_unbalanced',
      'head_missing',
    ],
  })
  kind!: string;
  /** In words: what is wrong and where. */
  detail!: string;
  @ApiProperty({ type: Number, nullable: true })
  sealNo!: number | null;
  @ApiProperty({ type: String, nullable: true })
  transactionId!: string | null;
  /** Which of the transaction's rows: its event or its entry with that number. */
  @ApiProperty({ type: Number, nullable: true })
  seq!: number | null;
  @ApiProperty({ enum: ['event', 'hold', 'post', 'release'], nullable: true })
  row!: string | null;
}

export class VerificationQueryDto {
  /** The `head` of an earlier answer, or a hash from the log: its seal has to be in the chain still. */
  @Optional()
  @Matches(/^[0-9a-f]{64}$/, { message: 'must be 64 hexadecimal digits' })
  @ApiPropertyOptional({ type: String })
  head?: string;
}

export class VerificationDto {
  /** Every sealed row is as it was sealed, and every transaction as its rows say. */
  ok!: boolean;
  @ApiProperty({ type: LedgerFaultDto, nullable: true })
  fault!: LedgerFaultDto | null;
  @ApiProperty({ type: 'integer' })
  seals!: number;
  /** Events and entries that were compared with their seals. */
  @ApiProperty({ type: 'integer' })
  rows!: number;
  /** Events and entries that are not sealed yet: of them is only known that they fit their transactions. */
  @ApiProperty({ type: 'integer' })
  unsealed!: number;
  /** Everything before that time is sealed. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  sealedUntil!: string | null;
  /**
   * SHA-256 of the last seal in hex. Kept elsewhere and sent as `head` later, it proves that the chain was neither cut
   * off nor made anew.
   */
  head!: string;
}
