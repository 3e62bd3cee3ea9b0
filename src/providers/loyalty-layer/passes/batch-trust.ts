import { alarm } from '../../../common/alarm.js';

/** Size of a batch while it is not proven that responses to batches are understood: its passes may become `unknown`. */
const FIRST_SIZE = 5;
/** Number of consecutive misunderstood responses after which batches pause. */
const MAX_MISUNDERSTOOD = 3;
const PAUSE_MS = 10 * 60_000;

/**
 * Decides how many passes one batch may have. No document specifies the format of a batch, and a misunderstood response makes
 * all its passes `unknown`. So the first batch is small and sent alone. Each fully understood response doubles the size, up
 * to the operator's maximum. A doubtful response resets it.
 */
export class BatchTrust {
  private current = FIRST_SIZE;
  private proven = false;
  private inFlight = 0;
  private misunderstoodInARow = 0;
  private pausedUntilMs = 0;

  constructor(
    private readonly maxSize: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get isProven(): boolean {
    return this.proven;
  }

  /** 0: batches are off. 1: wait for the response to the batch in progress. */
  get size(): number {
    if (this.maxSize < 2 || this.nowMs() < this.pausedUntilMs) return 0;
    if (!this.proven && this.inFlight > 0) return 1;
    return Math.min(this.current, this.maxSize);
  }

  begin(): void {
    this.inFlight += 1;
  }

  end(): void {
    this.inFlight -= 1;
  }

  /** Every item of the response was understood. */
  confirm(): void {
    this.proven = true;
    this.misunderstoodInARow = 0;
    this.current = Math.min(this.current * 2, this.maxSize);
  }

  /** No response arrived. */
  lost(): void {
    this.proven = false;
    this.current = FIRST_SIZE;
  }

  /** A response arrived and left at least one pass in doubt. */
  misunderstood(): void {
    this.lost();
    this.misunderstoodInARow += 1;
    if (this.misunderstoodInARow >= MAX_MISUNDERSTOOD) this.pause('responses to batches are not understood');
  }

  /** The endpoint does not exist, or it rejects the body. */
  refused(): void {
    this.lost();
    this.pause('batches are refused');
  }

  private pause(reason: string): void {
    this.misunderstoodInARow = 0;
    this.pausedUntilMs = this.nowMs() + PAUSE_MS;
    alarm('batches_paused', { provider: 'loyalty-layer', reason }, 'passes are sent one by one for ten minutes');
  }
}
