import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Every } from '../../jobs/every.decorator.js';

const EVERY_MS = 5_000;
const MAX_ROWS = 5_000;

/** Each endpoint with deliveries is found by one step in the index, however many deliveries it has. */
const DELETE_ORPHANS = `
with recursive endpoints as (
  (select d.endpoint_id as id from webhook_deliveries d order by d.endpoint_id limit 1)
  union all
  select (select d.endpoint_id from webhook_deliveries d where d.endpoint_id > e.id order by d.endpoint_id limit 1)
  from endpoints e where e.id is not null
), deleted as (
  delete from webhook_deliveries d
  where (d.endpoint_id, d.transaction_id, d.seq) in (
    select o.endpoint_id, o.transaction_id, o.seq from webhook_deliveries o
    where o.endpoint_id = any(array(
      select e.id from endpoints e where e.id is not null and not exists (select from webhook_endpoints p where p.id = e.id)))
    limit ${MAX_ROWS} for update skip locked)
  returning 1
)
select count(*)::int as rows from deleted`;

/**
 * Deletes the deliveries of endpoints that no longer exist. Deleting an endpoint leaves them behind: there may be
 * millions, and an event that is being written adds one more after that.
 */
@Injectable()
export class Orphans {
  constructor(private readonly database: Database) {}

  @Every(EVERY_MS)
  async deleteOrphans(ending: AbortSignal): Promise<void> {
    while (!ending.aborted && (await this.deleteSome()) === MAX_ROWS);
  }

  private async deleteSome(): Promise<number> {
    const [deleted] = await this.database.query<{ rows: number }>(DELETE_ORPHANS);
    return deleted?.rows ?? 0;
  }
}
