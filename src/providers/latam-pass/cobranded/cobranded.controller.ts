import { Body, Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Partner } from '../../../access/index.js';
import { AsSubmission, type SubmissionRequest } from '../../../operations/intake/as-submission.decorator.js';
import { Intake } from '../../../operations/intake/intake.service.js';
import { SubmitsTransaction } from '../../../operations/transactions/transaction.decorators.js';
import type { TransactionDto } from '../../../operations/transactions/transaction.dto.js';
import { END_EXAMPLE, EndCobrandedDto, START_EXAMPLE, StartCobrandedDto } from './cobranded.dto.js';
import { Cobranded } from './cobranded.service.js';

/** Benefits of banks' cobranded LATAM Pass cards. */
@Controller('v1/cobranded')
@ApiTags('Cobranded cards')
@Partner('cobranded')
export class CobrandedController {
  constructor(
    private readonly cobranded: Cobranded,
    private readonly intake: Intake,
  ) {}

  /** Start the benefits of a card. Wait until one operation on a card is final before you send the next. */
  @Post()
  @SubmitsTransaction({ body: StartCobrandedDto, example: START_EXAMPLE })
  start(@Body() dto: StartCobrandedDto, @AsSubmission(10) request: SubmissionRequest): Promise<TransactionDto> {
    return this.intake.take(request, dto, () => this.cobranded.start(dto));
  }

  /** End the benefits of a card. Send the same member, card and bank as at the start. */
  @Post('end')
  @SubmitsTransaction({ body: EndCobrandedDto, example: END_EXAMPLE })
  end(@Body() dto: EndCobrandedDto, @AsSubmission(10) request: SubmissionRequest): Promise<TransactionDto> {
    return this.intake.take(request, dto, () => this.cobranded.end(dto));
  }
}
