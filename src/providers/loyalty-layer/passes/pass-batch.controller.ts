import { applyDecorators, Body, Controller, HttpStatus, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Partner } from '../../../access/index.js';
import { problemBody } from '../../../api/problem-body.js';
import { BodyLimit } from '../../../api/raw-body.js';
import { AsSubmission, type SubmissionRequest } from '../../../operations/intake/as-submission.decorator.js';
import { SubmitsTransaction } from '../../../operations/transactions/transaction.decorators.js';
import { OWNER, Presenter } from '../../../operations/transactions/transaction.presenter.js';
import { BatchResultsDto, CreatePassesDto, PASSES_EXAMPLE } from './pass-batch.dto.js';
import { PassBatches, type BatchItem } from './pass-batches.service.js';

const MAX_BODY_BYTES = 1024 * 1024;

/** Issues many passes in one request. */
@Controller('v1/passes/batch')
@ApiTags('Passes')
@Partner('passes')
export class PassBatchController {
  constructor(
    private readonly batches: PassBatches,
    private readonly presenter: Presenter,
  ) {}

  /**
   * Issue 1 to 500 passes. Each is validated by itself: invalid passes are rejected, the others continue. To retry, send the
   * whole request with the same key.
   */
  @Post()
  @TakesBatch()
  async create(@Body() dto: CreatePassesDto, @AsSubmission(10) request: SubmissionRequest): Promise<BatchResultsDto> {
    const { reply } = request;
    const outcome = await this.batches.submit(dto.passes, request);
    reply.status(outcome.ended ? HttpStatus.CREATED : HttpStatus.ACCEPTED);
    if (outcome.replayed) reply.header('Idempotency-Replayed', 'true');
    return { results: await this.present(outcome.items, reply.request.id) };
  }

  private async present(items: readonly BatchItem[], requestId: string): Promise<BatchResultsDto['results']> {
    const recorded = items.flatMap((item) => ('transaction' in item ? [item] : []));
    const shown = await this.presenter.transactions(
      recorded.map(({ transaction }) => transaction),
      OWNER,
    );
    const byIndex = new Map(recorded.map(({ index }, at) => [index, shown[at]]));
    return items.map((item) => {
      const { index } = item;
      if ('problem' in item) return { index, problem: problemBody(item.problem, requestId) };
      const transaction = byIndex.get(index);
      return { index, ...(transaction && { transaction }) };
    });
  }
}

function TakesBatch(): MethodDecorator {
  return applyDecorators(
    BodyLimit(MAX_BODY_BYTES),
    SubmitsTransaction({
      body: CreatePassesDto,
      example: PASSES_EXAMPLE,
      key: 'PASS-2025-batch-1',
      answer: {
        type: BatchResultsDto,
        created: 'All passes are final.',
        accepted: 'Recorded durably; some passes are not final yet.',
      },
    }),
  );
}
