import { alarm } from '../../../common/alarm.js';

/** So many passes are put at stake while nobody knows whether batches are answered as they are understood here. */
const FIRST_SIZE = 5;
/** After so many answers in a row that were not understood there are no batches for a while. */
const MAX_MISUNDERSTOOD = 3;
const PAUSE_MS = 10 * 60_000;

/**
 * How many passes may share one answer. The shape of a batch is documented nowhere, and an answer that is not understood
 * leaves all its passes unknown: so the first batch is small and goes alone, each that was understood wholly doubles the
 * size up to what the operator accepts, and doubt makes it small again.
 */
export class BatchTrust {
  private current = FIRST_SIZE;
  private proven = false;
  private underWay = 0;
  private misunderstoodInARow = 0;
  private pausedUntilMs = 0;

  constructor(
    private readonly maxSize: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get isProven(): boolean {
    return this.proven;
  }

  /** 0: there are no batches; 1: another one has to be understood first. */
  get size(): number {
    if (this.maxSize < 2 || this.nowMs() < this.pausedUntilMs) return 0;
    if (!this.proven && this.underWay > 0) return 1;
    return Math.min(this.current, this.maxSize);
  }

  begin(): void {
    this.underWay += 1;
  }

  end(): void {
    this.underWay -= 1;
  }

  /** Each item was understood. */
  confirm(): void {
    this.proven = true;
    this.misunderstoodInARow = 0;
    this.current = Math.min(this.current * 2, this.maxSize);
  }

  /** The answer did not come. */
  lost(): void {
    this.proven = false;
    this.current = FIRST_SIZE;
  }

  /** The answer came and left somebody in doubt. */
  misunderstood(): void {
    this.lost();
    this.misunderstoodInARow += 1;
    if (this.misunderstoodInARow >= MAX_MISUNDERSTOOD)
      this.pause('batches are answered in a way that is not understood');
  }

  /** There is no such endpoint, or it takes no such body. */
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
