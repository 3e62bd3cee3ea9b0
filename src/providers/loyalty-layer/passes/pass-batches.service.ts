import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Plans } from '../plans/plans.service.js';
import { pointerTo } from '../../../api/json-body.js';
import { RequestValidation } from '../../../api/validation.js';
import { isFinal } from '../../../ledger/model/status-transitions.js';
import type { Transaction } from '../../../ledger/model/transaction.js';
import type { SubmissionRequest } from '../../../operations/intake/as-submission.decorator.js';
import { canonicalJson } from '../../../operations/submission/request-fingerprint.js';
import type { Submission } from '../../../operations/submission/submission.js';
import { Submissions, type Submitted } from '../../../operations/submission/submissions.service.js';
import { Problem } from '../../../common/problem.js';
import { CreatePassDto } from './pass.dto.js';
import { passDraft } from './pass.draft.js';

/** The result of one pass of a batch. */
export type BatchItem = Refused | { readonly index: number; readonly transaction: Transaction };

export interface BatchOutcome {
  /** In the order of the request. */
  readonly items: readonly BatchItem[];
  /** All recorded passes are final. */
  readonly ended: boolean;
  readonly replayed: boolean;
}

interface Good {
  readonly index: number;
  readonly dto: CreatePassDto;
}

interface Refused {
  readonly index: number;
  readonly problem: Problem;
}

interface Recorded extends Submitted {
  readonly index: number;
}

/** Issues many passes in one request. Each is a transaction of its own; the idempotency key belongs to the whole batch. */
@Injectable()
export class PassBatches {
  private readonly validation = new RequestValidation();

  constructor(
    private readonly submissions: Submissions,
    private readonly plans: Plans,
  ) {}

  /** @throws Problem `idempotency_key_reused`, `overloaded` */
  async submit(
    passes: readonly unknown[],
    { caller, idempotencyKey, route, waitMs }: SubmissionRequest,
  ): Promise<BatchOutcome> {
    const startedAt = performance.now();
    const checks = await Promise.all(passes.map((pass, index) => this.check(pass, index)));
    const [first, ...others] = checks.flatMap((check) => ('dto' in check ? [check] : []));
    // One digest for all passes, so that a large body is hashed only once.
    const body = createHash('sha256').update(canonicalJson(passes)).digest('hex');
    const submission = { appId: caller.appId, idempotencyKey, request: { route, body }, waitMs: 0 };
    await this.submissions.assertKeyIsFor(submission);
    // The first valid pass claims the key before the others. Items are numbered among the valid passes only.
    const done = first ? [await this.record(first, { ...submission, item: 0 })] : [];
    const rest = others.map((good, at) => this.record(good, { ...submission, item: at + 1 }));
    done.push(...(await Promise.all(rest)));
    const refused = [...checks, ...done].flatMap((one) => ('problem' in one ? [one] : []));
    const recorded = done.flatMap((one) => ('transaction' in one ? [one] : []));
    const ended = await this.wait(recorded, waitMs - (performance.now() - startedAt));
    return {
      items: [...refused, ...ended].sort((a, b) => a.index - b.index),
      ended: ended.every(({ transaction }) => isFinal(transaction.status)),
      replayed: recorded.length > 0 && recorded.every(({ replayed }) => replayed),
    };
  }

  private async check(pass: unknown, index: number): Promise<Good | Refused> {
    try {
      const dto: unknown = await this.validation.transform(pass, { type: 'body', metatype: CreatePassDto });
      if (dto instanceof CreatePassDto) return { index, dto };
      throw new TypeError('validation returned another class than requested');
    } catch (error) {
      return { index, problem: problemOf(error, index) };
    }
  }

  private async record({ index, dto }: Good, submission: Submission): Promise<Recorded | Refused> {
    try {
      const draft = passDraft(dto, await this.plans.find(dto.planId));
      return { index, ...(await this.submissions.submit(() => draft, submission)) };
    } catch (error) {
      const problem = problemOf(error, index);
      // The key belongs to the whole batch, so an error about it applies to all passes.
      if (problem.code === 'idempotency_key_reused') throw problem;
      return { index, problem };
    }
  }

  private wait(recorded: readonly Recorded[], waitMs: number): Promise<{ index: number; transaction: Transaction }[]> {
    return Promise.all(
      recorded.map(async ({ index, transaction }) => ({
        index,
        transaction: await this.submissions.wait(transaction, waitMs),
      })),
    );
  }
}

/** The problem of one pass, with pointers into the whole request. Any other error is rethrown. */
function problemOf(error: unknown, index: number): Problem {
  if (!(error instanceof Problem)) throw error;
  const { errors } = error.extras;
  if (!errors) return error;
  const parent = pointerTo('/passes', String(index));
  return Problem.validation(errors.map(({ pointer, message }) => ({ pointer: parent + pointer, message })));
}
