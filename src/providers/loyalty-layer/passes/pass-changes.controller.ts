import { Body, Controller, Param, Patch, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Partner } from '../../../access/index.js';
import { AsSubmission, type SubmissionRequest } from '../../../operations/intake/as-submission.decorator.js';
import { Intake } from '../../../operations/intake/intake.service.js';
import { SubmitsTransaction } from '../../../operations/transactions/transaction.decorators.js';
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
    private readonly intake: Intake,
  ) {}

  /**
   * Change the holder, the metadata, or both. `metadata` is replaced as a whole and is not sent to the provider.
   *
   * Changes to one pass, including a cancel, are sent in order, one at a time. A change that replaces all parts of a
   * waiting one does not wait for it. Once a later change has replaced a part of a waiting one, the waiting one is
   * skipped and ends as `failed` with `superseded`. An update after a cancel waits for the cancel; LoyaltyLayer then
   * rejects it (`already_cancelled`).
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
    @AsSubmission(10) request: SubmissionRequest,
  ): Promise<TransactionDto> {
    const pass = await this.store.find(request.caller.appId, passId);
    return this.intake.take(request, dto, () => passUpdateDraft(pass, dto));
  }

  /**
   * Cancel the pass. Canceling a canceled pass succeeds. Updates not sent yet end as `failed` with the failure code
   * `superseded` once the pass is canceled.
   */
  @Post('cancel')
  @SubmitsTransaction({ key: 'PASS-2025-000123-cancel-1' }, 'not_found', 'invalid_state')
  async cancel(@Param('passId') passId: string, @AsSubmission(10) request: SubmissionRequest): Promise<TransactionDto> {
    const pass = await this.store.find(request.caller.appId, passId);
    return this.intake.take(request, null, () => passCancelDraft(pass));
  }
}
