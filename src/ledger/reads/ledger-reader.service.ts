import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { findClaimed, type Claimed } from './claimed.js';
import { TransactionLoader } from './transaction-loader.js';
import {
  RESOURCE_COLUMNS,
  toTransaction,
  LISTED_COLUMNS,
  TRANSACTION_COLUMNS,
  type ResourceRow,
  type TransactionRow,
} from '../model/columns.js';
import { findSiblings, type Sibling } from './siblings.js';
import type { Resource, Transaction, TransactionEvent } from '../model/transaction.js';

/** All conditions must hold; `undefined` means no condition. */
export interface TransactionFilter {
  readonly appId?: string | undefined;
  readonly type?: string | undefined;
  readonly provider?: string | undefined;
  readonly status?: string | undefined;
  readonly reference?: string | undefined;
  readonly createdFrom?: Date | undefined;
  readonly createdTo?: Date | undefined;
  readonly updatedFrom?: Date | undefined;
}

/** A page of a list sorted by id, newest first. `before` is the last id of the previous page. */
export interface PageRequest {
  readonly limit: number;
  readonly before: string | null;
}

export interface HeldDay {
  readonly day: string;
  readonly quantity: bigint;
  readonly count: number;
}

const BY_IDS = `select ${TRANSACTION_COLUMNS} from transactions t where t.id = any($1::uuid[])`;

const EVENTS = `
select id, at, from_status as "from", to_status as "to", actor, evidence, detail
from transaction_events where transaction_id = $1 order by seq`;

const BY_CORRELATION = `
select r.n::int - 1 as "askedAs", ${TRANSACTION_COLUMNS}
from unnest($1::text[], $2::text[]) with ordinality as r (correlation_id, provider, n)
join transactions t on t.correlation_id = r.correlation_id and t.provider = r.provider`;

/** Names of the prepared statements for lists without filters, by their condition. */
const PLAIN_LISTS: Readonly<Record<string, string>> = {
  'where t.app_id = $1': 'ledger_list',
  'where t.app_id = $1 and t.id < $2': 'ledger_list_before',
};

/** The reads of the ledger. */
@Injectable()
export class LedgerReader {
  private readonly loader: TransactionLoader<Transaction>;

  constructor(private readonly database: Database) {
    this.loader = new TransactionLoader((ids) => this.findMany(ids));
  }

  /** One transaction. `appId` null: of any app, for operators and the gateway itself. */
  async find(id: string, appId: string | null): Promise<Transaction | null> {
    const found = await this.loader.get(id);
    return appId === null || found?.appId === appId ? found : null;
  }

  /**
   * The current state of a transaction that was read or recorded before. It must exist: transactions are never deleted.
   */
  async require({ id, appId }: Pick<Transaction, 'id' | 'appId'>): Promise<Transaction> {
    const found = await this.find(id, appId);
    if (!found) throw new Error('a transaction has vanished');
    return found;
  }

  /** The transactions whose attempts these claims have begun and no outcome has ended. */
  async claimed(claimIds: readonly string[]): Promise<Claimed[]> {
    return findClaimed(this.database, claimIds);
  }

  /** The transaction that the same request has created before. */
  async findByKey(appId: string, key: string, item: number, requestMac: Buffer): Promise<Transaction | null> {
    const text = `select ${TRANSACTION_COLUMNS} from transactions t
      where t.app_id = $1 and t.idempotency_key = $2 and t.idempotency_item = $3 and t.request_mac = $4`;
    const rows = await this.database.query<TransactionRow>(text, [appId, key, item, requestMac]);
    return rows[0] ? toTransaction(rows[0]) : null;
  }

  /** True when the app has used the key for a different request. */
  async isKeyOfAnother(appId: string, idempotencyKey: string, requestMac: Buffer): Promise<boolean> {
    const text = `select from transactions where app_id = $1 and idempotency_key = $2 and request_mac <> $3 limit 1`;
    return (await this.database.query<object>(text, [appId, idempotencyKey, requestMac])).length > 0;
  }

  async findMany(ids: readonly string[]): Promise<Transaction[]> {
    const rows = await this.database.prepared<TransactionRow>('ledger_by_ids', BY_IDS, [ids]);
    return rows.map(toTransaction);
  }

  async findByCorrelations(
    asked: readonly { readonly provider: string; readonly correlationId: string }[],
  ): Promise<(Transaction | undefined)[]> {
    const values = [asked.map((one) => one.correlationId), asked.map((one) => one.provider)];
    type Row = TransactionRow & { askedAs: number };
    const rows = await this.database.prepared<Row>('ledger_by_correlation', BY_CORRELATION, values);
    const found = new Map(rows.map(({ askedAs, ...row }) => [askedAs, toTransaction(row)]));
    return asked.map((_one, index) => found.get(index));
  }

  /** Newest first, without sealed data. */
  async list(filter: TransactionFilter, page: PageRequest): Promise<Transaction[]> {
    const { where, values } = conditions(filter, page.before);
    values.push(page.limit);
    const text = `select ${LISTED_COLUMNS} from transactions t ${where} order by t.id desc limit $${values.length}`;
    // One plan fits all pages of an app. The best plan for a filter depends on its value.
    const plain = PLAIN_LISTS[where];
    const rows = plain
      ? await this.database.prepared<TransactionRow>(plain, text, values)
      : await this.database.query<TransactionRow>(text, values);
    return rows.map(toTransaction);
  }

  /** Other transactions on the same resource that may have to be sent first, or have overwritten this one. */
  siblings(transaction: Pick<Transaction, 'id' | 'appId'>): Promise<Sibling[]> {
    return findSiblings(this.database, transaction);
  }

  async events(id: string): Promise<TransactionEvent[]> {
    return this.database.query<TransactionEvent>(EVENTS, [id]);
  }

  async resource(id: string, appId: string | null): Promise<Resource | null> {
    const text = `select ${RESOURCE_COLUMNS} from resources r where r.id = $1 and ($2::uuid is null or r.app_id = $2)`;
    return (await this.database.query<ResourceRow>(text, [id, appId]))[0] ?? null;
  }

  async resources(ids: readonly string[]): Promise<Resource[]> {
    return this.database.query<ResourceRow>(
      `select ${RESOURCE_COLUMNS} from resources r where r.id = any($1::uuid[])`,
      [ids],
    );
  }

  /** An app's resources of one kind, newest first, without those in the `hidden` status. */
  async listResources(
    appId: string,
    { kind, hidden, limit, before }: PageRequest & { readonly kind: string; readonly hidden: string },
  ): Promise<Resource[]> {
    const text = `select ${RESOURCE_COLUMNS} from resources r
      where r.app_id = $1 and r.kind = $2 and r.status <> $3 and ($4::uuid is null or r.id < $4)
      order by r.id desc limit $5`;
    return this.database.query<ResourceRow>(text, [appId, kind, hidden, before, limit]);
  }

  /** An app's held transactions of one type by day of release (UTC), earliest first. */
  async held(appId: string, type: string): Promise<HeldDay[]> {
    const rows = await this.database.query<{ day: string; quantity: string; count: number }>(
      `select to_char(release_at at time zone 'UTC', 'YYYY-MM-DD') as day, sum(quantity)::text as quantity,
         count(*)::int as count
       from transactions where app_id = $1 and type = $2 and status = 'scheduled' group by 1 order by 1`,
      [appId, type],
    );
    return rows.map((row) => ({ ...row, quantity: BigInt(row.quantity) }));
  }
}

function conditions(filter: TransactionFilter, before: string | null): { where: string; values: unknown[] } {
  const values: unknown[] = [];
  const parts: string[] = [];
  const add = (sql: string, value: unknown): void => {
    if (value === undefined || value === null) return;
    values.push(value);
    parts.push(sql.replace('?', `$${values.length}`));
  };
  add('t.app_id = ?', filter.appId);
  add('t.id < ?', before);
  add('t.type = ?', filter.type);
  add('t.provider = ?', filter.provider);
  add('t.status = ?', filter.status);
  add('t.reference = ?', filter.reference);
  add('t.created_at >= ?', filter.createdFrom);
  add('t.created_at < ?', filter.createdTo);
  add('t.updated_at >= ?', filter.updatedFrom);
  return { where: parts.length === 0 ? '' : `where ${parts.join(' and ')}`, values };
}
