/** Counts the requests of each app that wait in this process, up to a limit. */
export class WaitingRequests {
  private readonly counts = new Map<string, number>();

  constructor(private readonly limit: number) {}

  /** False: the app is at the limit, and `leave` must not be called. */
  enter(appId: string): boolean {
    const count = this.counts.get(appId) ?? 0;
    if (count >= this.limit) return false;
    this.counts.set(appId, count + 1);
    return true;
  }

  leave(appId: string): void {
    const count = (this.counts.get(appId) ?? 0) - 1;
    if (count > 0) this.counts.set(appId, count);
    else this.counts.delete(appId);
  }
}
