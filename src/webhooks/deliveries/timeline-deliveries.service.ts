import { Injectable, type OnModuleInit } from '@nestjs/common';
import { publicId } from '../../common/ids.js';
import { Database } from '../../database/database.js';
import { Timeline, type EventDelivery } from '../../operations/transactions/timeline.service.js';
import type { SendError } from '../sending/webhook-http.service.js';
import type { DeliveryState } from './delivery.js';

const OF_TRANSACTION = `
select d.event_id as "eventId", d.id, d.endpoint_id as "endpointId", d.state as status, d.attempts,
  d.delivered_at as "deliveredAt", d.last_status as "lastStatus",
  d.last_error as "lastError"
from webhook_endpoints p join webhook_deliveries d on d.endpoint_id = p.id
where p.app_id = $1 and d.transaction_id = $2 order by d.seq, d.id`;

interface Row {
  readonly eventId: string;
  readonly id: string;
  readonly endpointId: string;
  readonly status: DeliveryState;
  readonly attempts: number;
  readonly deliveredAt: Date | null;
  readonly lastStatus: number | null;
  readonly lastError: SendError | null;
}

/** Adds to the timeline of a transaction when the app was told, and what its endpoints answered. */
@Injectable()
export class TimelineDeliveries implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly timeline: Timeline,
  ) {}

  onModuleInit(): void {
    this.timeline.readDeliveriesWith(async ({ id, appId }) => {
      const rows = await this.database.query<Row>(OF_TRANSACTION, [appId, id]);
      return rows.map(present);
    });
  }
}

function present({ eventId, ...row }: Row): EventDelivery {
  const delivery = {
    ...row,
    id: publicId('whd', row.id),
    endpointId: publicId('whep', row.endpointId),
    deliveredAt: row.deliveredAt?.toISOString() ?? null,
  };
  return { eventId, delivery };
}
