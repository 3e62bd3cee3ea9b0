import type { Database } from '../../database/database.js';

/** The two sides of every entry: amounts that an app takes are owed to the provider that gives them. */
export interface AccountPair {
  readonly debit: string;
  readonly credit: string;
}

/**
 * The ids of the ledger's accounts: one per app and unit, and one per provider and unit, opened on first use. Accounts
 * are never closed or renamed, so a cached id stays valid.
 */
export class Accounts {
  private readonly known = new Map<string, Promise<string>>();
  private readonly pairs = new Map<string, AccountPair>();

  constructor(private readonly database: Database) {}

  /** Returns the pair synchronously if it is cached. */
  pair(appId: string, provider: string, unit: string): AccountPair | Promise<AccountPair> {
    return this.pairs.get(`${appId}:${provider}:${unit}`) ?? this.find(appId, provider, unit);
  }

  private async find(appId: string, provider: string, unit: string): Promise<AccountPair> {
    const [debit, credit] = await Promise.all([this.id('app', appId, unit), this.id('provider', provider, unit)]);
    const pair = { debit, credit };
    this.pairs.set(`${appId}:${provider}:${unit}`, pair);
    return pair;
  }

  private id(kind: 'app' | 'provider', owner: string, unit: string): Promise<string> {
    const key = `${kind}:${owner}:${unit}`;
    let id = this.known.get(key);
    if (!id) {
      id = this.open(kind, owner, unit);
      this.known.set(key, id);
      id.catch(() => this.known.delete(key));
    }
    return id;
  }

  private async open(kind: 'app' | 'provider', owner: string, unit: string): Promise<string> {
    await this.database.query(
      `insert into ledger_accounts (owner_kind, owner, unit) values ($1, $2, $3) on conflict do nothing`,
      [kind, owner, unit],
    );
    const rows = await this.database.query<{ id: string }>(
      `select id::text from ledger_accounts where owner_kind = $1 and owner = $2 and unit = $3`,
      [kind, owner, unit],
    );
    const row = rows[0];
    if (!row) throw new Error('an opened ledger account was not found');
    return row.id;
  }
}
