import { LRUCache } from 'lru-cache';

/** Limit of buckets. A dropped one counts as full, but only a botnet can use this many keys. */
const MAX_BUCKETS = 10_000;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Token buckets by key, in the memory of this process: a burst of `burst`, then `perSecond`. */
export class TokenBucket {
  private readonly buckets = new LRUCache<string, Bucket>({ max: MAX_BUCKETS });

  constructor(private readonly rule: { readonly burst: number; readonly perSecond: number }) {}

  /** Takes a token. Returns false and takes nothing when there is none. */
  take(key: string): boolean {
    const bucket = this.filled(key);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** Returns a token, because the attempt turned out not to be a failure. */
  giveBack(key: string): void {
    const bucket = this.filled(key);
    bucket.tokens = Math.min(this.rule.burst, bucket.tokens + 1);
  }

  /** Seconds until there is a token, at least 1. */
  retryAfterSeconds(key: string): number {
    const missing = 1 - this.filled(key).tokens;
    return Math.max(1, Math.ceil(missing / this.rule.perSecond));
  }

  private filled(key: string): Bucket {
    const nowMs = performance.now();
    const bucket = this.buckets.get(key) ?? { tokens: this.rule.burst, filledAtMs: nowMs };
    const gained = ((nowMs - bucket.filledAtMs) / 1_000) * this.rule.perSecond;
    bucket.tokens = Math.min(this.rule.burst, bucket.tokens + gained);
    bucket.filledAtMs = nowMs;
    this.buckets.set(key, bucket);
    return bucket;
  }
}
