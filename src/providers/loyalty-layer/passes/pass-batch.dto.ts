import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray } from 'class-validator';
import { ProblemDto } from '../../../api/document.js';
import { TransactionDto } from '../../../operations/transactions/transaction.dto.js';
import { CreatePassDto, PASS_EXAMPLE } from './pass.dto.js';

const MAX_PASSES = 500;

export class CreatePassesDto {
  /** Each pass is validated by itself: invalid passes are rejected, the others continue. */
  @IsArray({ message: 'must be a list of passes' })
  @ArrayMinSize(1, { message: 'must have at least one pass' })
  @ArrayMaxSize(MAX_PASSES, { message: `must have at most ${MAX_PASSES} passes` })
  @ApiProperty({ type: [CreatePassDto], minItems: 1, maxItems: MAX_PASSES })
  passes!: unknown[];
}

export class BatchResultDto {
  /** Position in the request, from 0. */
  @ApiProperty({ type: 'integer', example: 0 })
  index!: number;
  @ApiPropertyOptional({ type: TransactionDto })
  transaction?: TransactionDto;
  /** The reason for a rejection. Nothing was recorded for this pass. */
  @ApiPropertyOptional({ type: ProblemDto })
  problem?: ProblemDto;
}

export class BatchResultsDto {
  /** One result per pass, in the order of the request. */
  results!: BatchResultDto[];
}

/** A valid request, shown in Swagger UI. */
export const PASSES_EXAMPLE = {
  passes: [
    { ...PASS_EXAMPLE, reference: 'PASS-2025-000124' },
    { ...PASS_EXAMPLE, reference: 'PASS-2025-000125' },
  ],
};
