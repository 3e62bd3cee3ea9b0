const WINDOW_MS = 100;
const FULL = 0.95;

/** The utilization of the event loop in the last 100 to 200 milliseconds, sampled when requests arrive. */
export class EventLoopUtilization {
  private before = performance.eventLoopUtilization();
  private last = this.before;
  private atMs = performance.now();

  /** Call it for each request. A timer would not do: no timer runs while the loop is in one long turn. */
  sample(): void {
    const nowMs = performance.now();
    if (nowMs - this.atMs < WINDOW_MS) return;
    this.before = this.last;
    this.last = performance.eventLoopUtilization();
    this.atMs = nowMs;
  }

  /** True when the event loop has hardly been idle. */
  get isSaturated(): boolean {
    return performance.eventLoopUtilization(this.before).utilization >= FULL;
  }
}
