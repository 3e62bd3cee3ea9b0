export interface Row {
  readonly id: string;
}

/** Rows by id, in the order of their first write. Every write goes to the journal first. */
export class Table<T extends Row> {
  private readonly rows = new Map<string, T>();
  private readonly byKey = new Map<string, T>();

  constructor(
    rows: readonly T[],
    private readonly write: (row: T) => void,
    private readonly keys: (row: T) => string[] = () => [],
  ) {
    for (const row of rows) this.remember(row);
  }

  put(row: T): void {
    this.write(row);
    this.remember(row);
  }

  get(id: string): T | undefined {
    return this.rows.get(id);
  }

  /** By one of the other unique keys. */
  find(key: string): T | undefined {
    return this.byKey.get(key);
  }

  all(): T[] {
    return [...this.rows.values()];
  }

  get size(): number {
    return this.rows.size;
  }

  clear(): void {
    this.rows.clear();
    this.byKey.clear();
  }

  private remember(row: T): void {
    this.rows.set(row.id, row);
    for (const key of this.keys(row)) this.byKey.set(key, row);
  }
}
