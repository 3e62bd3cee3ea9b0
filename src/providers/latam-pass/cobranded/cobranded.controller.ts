import { Body, Controller, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Caller, Partner, type AppCaller } from '../../../access/index.js';
import { IdempotencyKey } from '../../../api/idempotency-key.js';
import { WaitFor } from '../../../api/prefer.js';
import { markSubmitted } from '../../../operations/submission/submission-response.js';
import { SubmitsTransaction } from '../../../operations/transactions/transaction.decorators.js';
import type { Submission } from '../../../operations/submission/submission.js';
import { Submissions } from '../../../operations/submission/submissions.service.js';
import type { Draft } from '../../../operations/submission/draft.js';
import { OWNER, Presenter } from '../../../operations/transactions/transaction.presenter.js';
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
    private readonly submissions: Submissions,
    private readonly presenter: Presenter,
  ) {}

  /** Start the benefits of a card. Wait until one operation on a card is final before you send the next. */
  @Post()
  @SubmitsTransaction({ body: StartCobrandedDto, example: START_EXAMPLE })
  start(
    @Body() dto: StartCobrandedDto,
    @Caller() { appId }: AppCaller,
    @IdempotencyKey() idempotencyKey: string,
    @WaitFor(10) waitMs: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionDto> {
    const request = { route: 'POST /v1/cobranded', body: dto };
    return this.submit(() => this.cobranded.start(dto), { appId, idempotencyKey, request, waitMs }, reply);
  }

  /** End the benefits of a card. Send the same member, card and bank as at the start. */
  @Post('end')
  @SubmitsTransaction({ body: EndCobrandedDto, example: END_EXAMPLE })
  end(
    @Body() dto: EndCobrandedDto,
    @Caller() { appId }: AppCaller,
    @IdempotencyKey() idempotencyKey: string,
    @WaitFor(10) waitMs: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionDto> {
    const request = { route: 'POST /v1/cobranded/end', body: dto };
    return this.submit(() => this.cobranded.end(dto), { appId, idempotencyKey, request, waitMs }, reply);
  }

  private async submit(make: () => Draft, submission: Submission, reply: FastifyReply): Promise<TransactionDto> {
    const submitted = await this.submissions.submit(make, submission);
    markSubmitted(reply, submitted);
    return this.presenter.transaction(submitted.transaction, OWNER);
  }
}
