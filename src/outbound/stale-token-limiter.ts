/** So many calls may meet a dead token at the same time, in each process. */
const MAX_UNANSWERED = 8;
/** A slow provider is no dead token: whoever has waited so long goes anyway. */
const MAX_WAIT_MS = 2_000;

/** What a call has shown of the token; `nothing`: there was no answer. */
export type Showing = 'accepted' | 'refused' | 'nothing';

/**
 * A token that has died at the provider is met by everybody who calls at that moment, and each of these calls costs a
 * permit. So only some go while nobody has had an answer, and only one after a refusal; the first that is not refused lets
 * all go who wait by then. Who was refused waits before the others.
 */
export class StaleTokenLimiter {
  private unanswered = 0;
  private mostUnanswered = MAX_UNANSWERED;
  private waiting: (() => void)[] = [];

  async enter(again: boolean): Promise<void> {
    if (this.unanswered >= this.mostUnanswered) await this.wait(again);
    this.unanswered += 1;
  }

  /** Call it when a refused token has been dropped: whoever comes next takes the renewed one. */
  leave(showing: Showing): void {
    this.unanswered -= 1;
    if (showing !== 'nothing') this.mostUnanswered = showing === 'refused' ? 1 : MAX_UNANSWERED;
    const places = showing === 'accepted' ? this.waiting.length : Math.max(this.mostUnanswered - this.unanswered, 0);
    for (const go of this.waiting.slice(0, places)) go();
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
