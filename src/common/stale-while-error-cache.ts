/** An answer older than this is never used: what was revoked is refused within it, and a bit. */
const MAX_AGE_MS = 3_000;
/** From this age on it is fetched anew in the background, so that a busy key never waits for the database. */
const REFRESH_AGE_MS = 1_500;
/** Guessed keys are remembered too; the oldest are forgotten. */
const MAX_ENTRIES = 10_000;

interface Entry<Value> {
  value: Value;
  loadedAtMs: number;
}

/**
 * Rows that are asked for with every request and seldom change. At most one load per key is under way; whoever asks
 * meanwhile shares it. That there is no row is remembered like a row.
 */
export class StaleWhileErrorCache<Value> {
  private readonly entries = new Map<string, Entry<Value>>();
  private readonly loading = new Map<string, Promise<Value>>();

  constructor(private readonly load: (key: string) => Promise<Value>) {}

  /** At once when it is known well enough; otherwise when it has been loaded. Rejects when that fails. */
  get(key: string): Value | Promise<Value> {
    const entry = this.entries.get(key);
    const ageMs = entry ? performance.now() - entry.loadedAtMs : Infinity;
    if (!entry || ageMs > MAX_AGE_MS) return this.fetch(key);
    // A failed refresh is no harm yet: the next one may succeed before the entry is too old.
    if (ageMs > REFRESH_AGE_MS) this.fetch(key).catch(() => undefined);
    return entry.value;
  }

  /** The next `get` loads; for changes that this process made itself. */
  forget(key: string): void {
    this.entries.delete(key);
    // What is under way may have read the row before the change.
    this.loading.delete(key);
  }

  private fetch(key: string): Promise<Value> {
    const running = this.loading.get(key);
    if (running) return running;
    // The age counts from before the question: the row may change while the answer travels.
    const loadedAtMs = performance.now();
    const loading = this.load(key)
      .then((value) => {
        if (this.loading.get(key) === loading) this.keep(key, { value, loadedAtMs });
        return value;
      })
      .finally(() => {
        if (this.loading.get(key) === loading) this.loading.delete(key);
      });
    this.loading.set(key, loading);
    return loading;
  }

  private keep(key: string, entry: Entry<Value>): void {
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (this.entries.size <= MAX_ENTRIES) return;
    const oldest = this.entries.keys().next();
    if (!oldest.done) this.entries.delete(oldest.value);
  }
}
