import { Injectable } from '@nestjs/common';
import { newUuid } from '../../common/ids.js';
import { Database } from '../../database/database.js';
import { readHead } from '../../ledger/chain/head.js';
import { Every } from '../../jobs/every.decorator.js';

const TICK_MS = 10_000;

/** Once a day (UTC), and only when an endpoint wants it: of several instances the first one writes it. */
const IS_DUE = `
select operators_listen('ops.ledger.head') and not exists (
  select from webhook_events where once = 'ops.ledger.head ' || (now() at time zone 'UTC')::date) as due`;

const WRITE = `
insert into webhook_events (id, type, data, once)
values ($1, 'ops.ledger.head', $2, 'ops.ledger.head ' || (now() at time zone 'UTC')::date)
on conflict (once) do nothing`;

/**
 * Reports the last seal of the ledger to the operators every day: who keeps it elsewhere can prove later that no row
 * was sealed anew.
 */
@Injectable()
export class LedgerHeadJob {
  constructor(private readonly database: Database) {}

  @Every(TICK_MS)
  async report(): Promise<void> {
    const [row] = await this.database.query<{ due: boolean }>(IS_DUE);
    if (row?.due !== true) return;
    const head = await readHead(this.database);
    if (!head) return;
    const hash = head.hash.toString('hex');
    const data = {
      head: hash,
      seals: head.no,
      sealedUntil: head.sealedUntil.toISOString(),
      url: `/v1/admin/ledger/verify?head=${hash}`,
    };
    await this.database.query(WRITE, [newUuid(), data]);
  }
}
