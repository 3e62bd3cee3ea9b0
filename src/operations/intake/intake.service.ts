import { Injectable } from '@nestjs/common';
import type { Draft } from '../submission/draft.js';
import { Submissions } from '../submission/submissions.service.js';
import type { TransactionDto } from '../transactions/transaction.dto.js';
import { OWNER, Presenter } from '../transactions/transaction.presenter.js';
import type { SubmissionRequest } from './as-submission.decorator.js';
import { markSubmitted } from './submission-response.js';

/** Answers the requests that submit one operation. */
@Injectable()
export class Intake {
  constructor(
    private readonly submissions: Submissions,
    private readonly presenter: Presenter,
  ) {}

  /**
   * Submits the operation that `make` drafts from a valid `body`, and returns the response.
   * @throws Problem see `Submissions.submit`
   */
  async take(
    { caller: { appId }, idempotencyKey, waitMs, route, reply }: SubmissionRequest,
    body: unknown,
    make: () => Draft | Promise<Draft>,
  ): Promise<TransactionDto> {
    const submission = { appId, idempotencyKey, request: { route, body }, waitMs };
    const submitted = await this.submissions.submit(make, submission);
    markSubmitted(reply, submitted);
    return this.presenter.transaction(submitted.transaction, OWNER);
  }
}
