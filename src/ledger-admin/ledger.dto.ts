import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import { Optional } from '../api/optional.js';
import { VIEWS, type View } from '../ledger/reads/ledger-balances.js';
import { IsDateTime } from '../operations/http/field.validators.js';
import { PROVIDERS } from '../providers/declared.js';

export class BalanceQueryDto {
  /** Balances as of this time, including that millisecond; default: now. */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  at?: string;

  /**
   * `known`: as recorded at that time. `happened`: as of that time, with today's knowledge. A resolved `unknown`
   * transaction counts from the time when it became unknown; a correction counts from the time of the result it
   * corrects.
   */
  @Optional()
  @IsIn(VIEWS)
  @ApiPropertyOptional({ enum: VIEWS, default: 'known' })
  by?: View;
}

/** An account of the ledger: one per app and unit, one per provider and unit. */
export class AccountDto {
  /** An app's id, or a provider's name. */
  @ApiProperty({ example: PROVIDERS[0] })
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

/** The balance of one account in one unit. Amounts that an app takes are owed to the provider that gives them. */
export class BalanceDto extends AccountDto {
  /**
   * Reserved for transactions that are not final; negative for an app.
   * @example "20.00"
   */
  held!: string;
  /**
   * Posted (final); negative for an app.
   * @example "130.00"
   */
  posted!: string;
}

export class BalanceListDto {
  @ApiProperty({ type: [BalanceDto] })
  data!: BalanceDto[];
}

/** The first fault found in the ledger. */
export class LedgerFaultDto {
  /** The kind of the difference. `detail` describes it. */
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
  /** The fault and its place, as text. */
  detail!: string;
  /** Number of the seal where the difference was found; null: it was found outside the chain of seals. */
  @ApiProperty({ type: Number, nullable: true })
  sealNo!: number | null;
  @ApiProperty({ type: String, nullable: true })
  transactionId!: string | null;
  /** Number of the event or entry within the transaction. */
  @ApiProperty({ type: Number, nullable: true })
  seq!: number | null;
  @ApiProperty({ enum: ['event', 'hold', 'post', 'release'], nullable: true })
  row!: string | null;
}

export class VerificationQueryDto {
  /** The `head` of an earlier response, or a hash from the log. The chain must still contain its seal. */
  @Optional()
  @Matches(/^[0-9a-f]{64}$/, { message: 'must be 64 hexadecimal digits' })
  @ApiPropertyOptional({ type: String })
  head?: string;
}

export class VerificationDto {
  /** Every sealed row matches its seal, and every transaction matches its rows. */
  ok!: boolean;
  @ApiProperty({ type: LedgerFaultDto, nullable: true })
  fault!: LedgerFaultDto | null;
  @ApiProperty({ type: 'integer' })
  seals!: number;
  /** Number of events and entries compared with their seals. */
  @ApiProperty({ type: 'integer' })
  rows!: number;
  /** Number of events and entries not sealed yet; they were only checked against their transactions. */
  @ApiProperty({ type: 'integer' })
  unsealed!: number;
  /** Every row before this time is sealed. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  sealedUntil!: string | null;
  /**
   * SHA-256 of the last seal, hexadecimal. Store it elsewhere and send it as `head` later: it proves that the chain was
   * neither truncated nor rebuilt.
   */
  head!: string;
}
