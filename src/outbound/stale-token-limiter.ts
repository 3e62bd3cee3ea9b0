/** The number of calls per process that may use a possibly dead token at the same time. */
const MAX_UNANSWERED = 8;
/** After this wait a call proceeds anyway: the provider may just be slow. */
const MAX_WAIT_MS = 2_000;

/** The evidence of a call about its token; `nothing`: there was no answer. */
export type TokenEvidence = 'accepted' | 'refused' | 'nothing';

/**
 * Limits the calls that use a dead token: when a token dies, every call in progress is refused, and each costs a
 * permit. Only some calls proceed until the first answer, and only one after a refusal. The first accepted call
 * releases all waiting ones. Calls that were refused before wait at the front of the queue.
 */
export class StaleTokenLimiter {
  private unanswered = 0;
  private mostUnanswered = MAX_UNANSWERED;
  private waiting: (() => void)[] = [];

  async enter(again: boolean): Promise<void> {
    if (this.unanswered >= this.mostUnanswered) await this.wait(again);
    this.unanswered += 1;
  }

  /** Call it after a refused token was dropped, so that the next call uses the new one. */
  leave(evidence: TokenEvidence): void {
    this.unanswered -= 1;
    if (evidence !== 'nothing') this.mostUnanswered = evidence === 'refused' ? 1 : MAX_UNANSWERED;
    const places = evidence === 'accepted' ? this.waiting.length : Math.max(this.mostUnanswered - this.unanswered, 0);
    for (const proceed of this.waiting.slice(0, places)) proceed();
  }

  private wait(again: boolean): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        this.waiting = this.waiting.filter((other) => other !== go);
        resolve();
      };
      const timer = setTimeout(go, MAX_WAIT_MS);
      if (again) this.waiting.unshift(go);
      else this.waiting.push(go);
    });
  }
}
