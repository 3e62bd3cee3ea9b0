import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { IsLabel, IsSentence } from '../../api/text-rules.js';
import { TransactionDto } from '../transactions/transaction.dto.js';

/** The outcome of a transaction, as an operator found it. */
export class ResolveDto {
  @IsIn(['succeeded', 'failed'], { message: 'must be succeeded or failed' })
  @ApiProperty({ enum: ['succeeded', 'failed'], example: 'succeeded' })
  outcome!: 'succeeded' | 'failed';

  /**
   * Where to verify it, e.g. a statement line or a ticket.
   * @example "statement 2026-11-20, line 812"
   */
  @IsLabel(500)
  evidence!: string;

  /** @example "the provider's statement lists it as SUCCESS" */
  @IsSentence(500)
  reason!: string;
}

/** The outcome that one operator proposes and another must approve. */
export class ResolutionProposalDto {
  @ApiProperty({ enum: ['succeeded', 'failed'] })
  outcome!: 'succeeded' | 'failed';
  evidence!: string;
  reason!: string;
  /** @example "operator:ana.lopez" */
  proposedBy!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  proposedAt!: string;
}

/** One transaction, as operators see it. */
export class AdminTransactionDto extends TransactionDto {
  /** The proposal that a second operator must approve or reject. */
  @ApiProperty({ type: ResolutionProposalDto, nullable: true })
  proposal!: ResolutionProposalDto | null;
}
