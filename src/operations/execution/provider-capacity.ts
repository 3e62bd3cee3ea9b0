import { Injectable } from '@nestjs/common';
import { ClockSkewJob } from './clock-skew.job.js';
import { Drain } from './drain.service.js';
import { ProviderPauses } from './provider-pauses.service.js';
import { Runner } from './attempt-runner.service.js';

/** Whether anything may be sent to a provider now. */
@Injectable()
export class ProviderCapacity {
  constructor(
    private readonly runner: Runner,
    private readonly pauses: ProviderPauses,
    private readonly clock: ClockSkewJob,
    private readonly drain: Drain,
  ) {}

  /** How many operations may begin; none while the provider is paused, the clock is wrong or the process is ending. */
  roomFor(provider: string): number {
    if (this.drain.isStopping || this.clock.isSkewed || this.pauses.isPaused(provider)) return 0;
    return this.runner.capacity(provider);
  }

  /**
   * How many due rows may be taken up. A pause stops what would be sent, not the clock of what nobody wants any more:
   * then only what has expired is taken up, to be ended.
   */
  claimable(provider: string): { room: number; onlyExpired: boolean } {
    if (this.drain.isStopping) return { room: 0, onlyExpired: true };
    const onlyExpired = this.clock.isSkewed || this.pauses.isPaused(provider);
    return { room: this.runner.capacity(provider), onlyExpired };
  }

  /** Begins operations; the process does not end in between. */
  hold<T>(work: () => Promise<T>): Promise<T> {
    return this.drain.hold(work);
  }
}
