/** The state of the process: serving or draining. */
export class Lifecycle {
  private draining = false;

  /** From now on requests get a 503, and the instance reports that it is not ready. */
  drain(): void {
    this.draining = true;
  }

  get isDraining(): boolean {
    return this.draining;
  }
}
