const WINDOW_MS = 100;
const FULL = 0.95;

/** How busy the event loop has been in the last 100 to 200 milliseconds, as far as requests came meanwhile. */
export class EventLoopUtilization {
  private before = performance.eventLoopUtilization();
  private last = this.before;
  private atMs = performance.now();

  /** To be called with each request: no timer runs while the loop is in one long turn. */
  note(): void {
    const nowMs = performance.now();
    if (nowMs - this.atMs < WINDOW_MS) return;
    this.before = this.last;
    this.last = performance.eventLoopUtilization();
    this.atMs = nowMs;
  }

  /** It has hardly waited for anything. */
  get isFull(): boolean {
    return performance.eventLoopUtilization(this.before).utilization >= FULL;
  }
}
