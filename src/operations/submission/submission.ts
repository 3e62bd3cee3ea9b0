/** A request of an app for one transaction, whatever its type. */
export interface Submission {
  readonly appId: string;
  readonly idempotencyKey: string;
  /** Route and body as received. Two requests are the same when both are equal. */
  readonly request: { readonly route: string; readonly body: unknown };
  readonly waitMs: number;
  /** Position in a batch that shares one key; default: 0. */
  readonly item?: number;
}
