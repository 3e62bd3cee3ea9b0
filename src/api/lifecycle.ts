/** Whether the process still takes requests. */
export class Lifecycle {
  private draining = false;

  /** From now on requests are answered 503, and the instance says that it is not ready. */
  drain(): void {
    this.draining = true;
  }

  get isDraining(): boolean {
    return this.draining;
  }
}
