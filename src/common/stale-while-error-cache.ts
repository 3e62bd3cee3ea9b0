import { LRUCache } from 'lru-cache';

/** An older entry is never used: a revoked key is refused after this time plus one load at the latest. */
const MAX_AGE_MS = 3_000;
/** From this age on an entry is reloaded in the background, so that a busy key never waits for the database. */
const REFRESH_AGE_MS = 1_500;
/** Keys without a row are cached too, e.g. guessed ones; the least recently used entries are dropped. */
const MAX_ENTRIES = 10_000;

interface Entry<Value> {
  value: Value;
  loadedAtMs: number;
}

/**
 * Rows that every request reads and that seldom change. At most one load per key runs at a time, and all callers share
 * it. The absence of a row is cached like a row.
 */
export class StaleWhileErrorCache<Value> {
  private readonly entries = new LRUCache<string, Entry<Value>>({ max: MAX_ENTRIES });
  private readonly loading = new Map<string, Promise<Value>>();

  constructor(private readonly load: (key: string) => Promise<Value>) {}

  /** Returns a fresh enough entry at once, otherwise a promise of the load. The promise rejects when the load fails. */
  get(key: string): Value | Promise<Value> {
    const entry = this.entries.get(key);
    const ageMs = entry ? performance.now() - entry.loadedAtMs : Infinity;
    if (!entry || ageMs > MAX_AGE_MS) return this.fetch(key);
    // A failed refresh does no harm yet: the next one may succeed before the entry is too old.
    if (ageMs > REFRESH_AGE_MS) this.fetch(key).catch(() => undefined);
    return entry.value;
  }

  /** The next `get` loads the row again. For changes that this process made itself. */
  forget(key: string): void {
    this.entries.delete(key);
    // A running load may have read the row before the change.
    this.loading.delete(key);
  }

  private fetch(key: string): Promise<Value> {
    const running = this.loading.get(key);
    if (running) return running;
    // The age counts from before the query: the row may change while the result is on its way.
    const loadedAtMs = performance.now();
    const loading = this.load(key)
      .then((value) => {
        if (this.loading.get(key) === loading) this.entries.set(key, { value, loadedAtMs });
        return value;
      })
      .finally(() => {
        if (this.loading.get(key) === loading) this.loading.delete(key);
      });
    this.loading.set(key, loading);
    return loading;
  }
}
