import { Body, Controller, Param, Patch, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Caller, Partner, type AppCaller } from '../../../access/index.js';
import { IdempotencyKey } from '../../../api/idempotency-key.js';
import { WaitFor } from '../../../api/prefer.js';
import { markSubmitted } from '../../../operations/submission/submission-response.js';
import { SubmitsTransaction } from '../../../operations/transactions/transaction.decorators.js';
import type { Draft } from '../../../operations/submission/draft.js';
import type { Submission } from '../../../operations/submission/submission.js';
import { Submissions } from '../../../operations/submission/submissions.service.js';
import { OWNER, Presenter } from '../../../operations/transactions/transaction.presenter.js';
import type { TransactionDto } from '../../../operations/transactions/transaction.dto.js';
import { PassStore } from './pass-store.service.js';
import { PASS_UPDATE_EXAMPLE, UpdatePassDto } from './pass-change.dto.js';
import { passCancelDraft, passUpdateDraft } from './pass-change.draft.js';

/** Changes to an issued pass. Each is a transaction of its own. */
@Controller('v1/passes/:passId')
@ApiTags('Passes')
@Partner('passes')
export class PassChangesController {
  constructor(
    private readonly store: PassStore,
    private readonly submissions: Submissions,
    private readonly presenter: Presenter,
  ) {}

  /**
   * Change the holder, the metadata, or both. Metadata are replaced as a whole and stay in the gateway.
   *
   * Changes to one pass, including a cancel, are sent one at a time in the order in which they were recorded. Exception: a
   * change that waits to be sent, or to be sent again, does not delay a later change that sets all the same parts. When a
   * later change has set any of its parts, the waiting change ends as `failed` with the failure code `superseded`. An update
   * recorded after a cancel waits for the cancel; LoyaltyLayer then rejects it (`already_cancelled`).
   */
  @Patch()
  @SubmitsTransaction(
    { body: UpdatePassDto, example: PASS_UPDATE_EXAMPLE, key: 'PASS-2025-000123-update-1' },
    'not_found',
    'invalid_state',
  )
  async update(
    @Param('passId') passId: string,
    @Body() dto: UpdatePassDto,
    @Caller() caller: AppCaller,
    @IdempotencyKey() idempotencyKey: string,
    @WaitFor(10) waitMs: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionDto> {
    const pass = await this.store.find(caller.appId, passId);
    const request = { route: `PATCH /v1/passes/${passId}`, body: dto };
    return this.submit(
      () => passUpdateDraft(pass, dto),
      { appId: caller.appId, idempotencyKey, request, waitMs },
      reply,
    );
  }

  /**
   * Cancel the pass. Canceling a canceled pass succeeds. Updates not sent yet end as `failed` with the failure code
   * `superseded` once the pass is canceled.
   */
  @Post('cancel')
  @SubmitsTransaction({ key: 'PASS-2025-000123-cancel-1' }, 'not_found', 'invalid_state')
  async cancel(
    @Param('passId') passId: string,
    @Caller() caller: AppCaller,
    @IdempotencyKey() idempotencyKey: string,
    @WaitFor(10) waitMs: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionDto> {
    const pass = await this.store.find(caller.appId, passId);
    const request = { route: `POST /v1/passes/${passId}/cancel`, body: null };
    return this.submit(() => passCancelDraft(pass), { appId: caller.appId, idempotencyKey, request, waitMs }, reply);
  }

  private async submit(make: () => Draft, submission: Submission, reply: FastifyReply): Promise<TransactionDto> {
    const submitted = await this.submissions.submit(make, submission);
    markSubmitted(reply, submitted);
    return this.presenter.transaction(submitted.transaction, OWNER);
  }
}
