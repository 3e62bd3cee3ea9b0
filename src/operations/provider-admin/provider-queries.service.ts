import { Injectable } from '@nestjs/common';
import { Problem } from '../../common/problem.js';
import { ProviderError } from '../../connector/connector.js';
import { reportEdge } from '../execution/edge-alarm.js';
import { providerProblem } from './provider-problem.js';
import { ProviderPauses } from '../execution/provider-pauses.service.js';
import { titleOf } from '../../providers/declared.js';

/** Queries providers. Nothing is recorded; a failure is returned to the caller at once. */
@Injectable()
export class ProviderQueries {
  constructor(private readonly pauses: ProviderPauses) {}

  /** @throws Problem `provider_unavailable` when nothing was sent, `provider_timeout`, `provider_error` */
  async ask<T>(provider: string, question: () => Promise<T>): Promise<T> {
    const title = titleOf(provider);
    if (this.pauses.isPaused(provider)) {
      throw new Problem('provider_unavailable', `${title} is paused.`, { retryAfterSeconds: 60 });
    }
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      reportEdge(error, { provider });
      throw providerProblem(title, error);
    }
  }
}
