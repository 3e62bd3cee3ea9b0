import { Injectable } from '@nestjs/common';
import { DataSource, QueryFailedError } from 'typeorm';
import { Audit, type AppCaller, type OperatorCaller } from '../../access/index.js';
import { newUuid, publicId } from '../../common/ids.js';
import { Problem } from '../../common/problem.js';
import { Database, SQLSTATE } from '../../database/database.js';
import { errorCode } from '../../readers/error-code.js';
import type { Endpoint } from '../endpoints/endpoint.js';
import { IS_PUBLISHED, isEventType, TYPE_SQL, type EventType } from '../events/event-types.js';
import { REPLAY_COLUMNS, type Replay } from './replay.js';

const MAX_EVENTS = 100_000;

/** Later events may still be followed by earlier ones. A statement of its own: see `events_settled_until.sql`. */
const PERIOD = `
select least($1::timestamptz, s.until)::text as "from", least($2::timestamptz, s.until)::text as "to"
from events_settled_until() as s (until)`;

const COUNT = `
select count(*)::int as count from (
  select from transaction_events e
  where e.app_id = $1 and ${IS_PUBLISHED} and e.at >= $2::timestamptz and e.at < $3::timestamptz and ${TYPE_SQL} = any($4)
  limit ${MAX_EVENTS + 1}
) counted`;

const INSERT = `
with r as (
  insert into webhook_replays (id, endpoint_id, app_id, from_at, to_at, types, only_missing, counted, reached_at)
  select $1, p.id, p.app_id, $4, $5, $6, $7, $8, $4 from webhook_endpoints p
  where p.app_id = $2 and p.id = $3 and p.disabled_at is null
  returning *
) select ${REPLAY_COLUMNS} from r`;

const FIND = `select ${REPLAY_COLUMNS} from webhook_replays r where ($1::uuid is null or r.app_id = $1) and r.id = $2`;

export interface ReplayRequest {
  readonly from: Date;
  /** null: now. */
  readonly to: Date | null;
  /** null: those of the endpoint. */
  readonly types: readonly EventType[] | null;
  /** Leaves out what was delivered. */
  readonly onlyMissing: boolean;
}

interface Period {
  readonly from: string;
  readonly to: string;
}

/** Begins replays. They read the ledger, so an endpoint can receive what happened before it was made. */
@Injectable()
export class Replays {
  constructor(
    private readonly source: DataSource,
    private readonly database: Database,
    private readonly audit: Audit,
  ) {}

  /**
   * Nothing is queued yet when it returns.
   * @throws Problem `validation_failed` for a period in the future, a reversed one, or one with too many events;
   *   `invalid_state` for a disabled endpoint, one of the operators, or one with a running replay
   */
  async begin(actor: AppCaller | OperatorCaller, endpoint: Endpoint, request: ReplayRequest): Promise<Replay> {
    const { appId } = endpoint;
    if (appId === null) throw new Problem('invalid_state', 'Only the endpoints of apps can have a replay.');
    assertPast(request);
    const types = request.types ?? endpoint.types.filter(isEventType);
    const [period] = await this.database.query<Period>(PERIOD, [request.from, request.to]);
    if (!period) throw new Error('a period was not returned');
    const counted = await this.count(appId, period, types);
    const { onlyMissing } = request;
    const values = [newUuid(), appId, endpoint.id, period.from, period.to, types, onlyMissing, counted];
    try {
      return await this.source.transaction(async (manager) => {
        const [replay] = await manager.query<Replay[]>(INSERT, values);
        if (!replay) throw new Problem('invalid_state', 'The endpoint is disabled. Enable it first.');
        const detail = { replayId: publicId('rpl', replay.id), ...period, onlyMissing, counted };
        await this.audit.record(actor, 'webhook_endpoint.replay', publicId('whep', endpoint.id), detail, manager);
        return replay;
      });
    } catch (error) {
      const isTaken = error instanceof QueryFailedError && errorCode(error.driverError) === SQLSTATE.uniqueViolation;
      if (!isTaken) throw error;
      throw new Problem('invalid_state', 'A replay of this endpoint is running. Wait until it is completed.');
    }
  }

  /** @throws Problem `not_found` */
  async read(appId: string | null, id: string | null): Promise<Replay> {
    const [found] = id === null ? [] : await this.database.query<Replay>(FIND, [appId, id]);
    if (!found) throw Problem.notFound('replay');
    return found;
  }

  private async count(appId: string, { from, to }: Period, types: readonly EventType[]): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(COUNT, [appId, from, to, types]);
    const count = row?.count ?? 0;
    if (count <= MAX_EVENTS) return count;
    const most = MAX_EVENTS.toLocaleString('en-US');
    const how = 'Replay shorter periods one after the other (`from`, `to`), or fewer `types`';
    throw Problem.invalid('/from', `there are more than ${most} events from then on. ${how}`);
  }
}

/** @throws Problem `validation_failed` */
function assertPast({ from, to }: ReplayRequest): void {
  const now = new Date();
  if (from > now) throw Problem.invalid('/from', 'must not be in the future');
  if (to !== null && to > now) throw Problem.invalid('/to', 'must not be in the future');
  if (to !== null && from > to) throw Problem.invalid('/from', 'must not be after `to`');
}
