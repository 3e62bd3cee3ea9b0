import { Injectable } from '@nestjs/common';
import { publicId } from '../../common/ids.js';
import { Database } from '../../database/database.js';
import type { GatewayEventType } from './gateway-event-types.js';
import { API_VERSION } from './published-event.js';

const FIND = `select id, type, data, created_at as at from webhook_events where id = $1`;

/** Written by triggers in the commit of the fact, and never changed. */
interface GatewayEventRow {
  readonly id: string;
  readonly type: GatewayEventType;
  readonly data: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

/** An event that is not a change of a transaction, as its receivers see it. */
export interface GatewayEvent {
  readonly id: string;
  readonly type: GatewayEventType;
  readonly timestamp: string;
  readonly apiVersion: string;
  readonly data: Readonly<Record<string, unknown>>;
}

@Injectable()
export class GatewayEvents {
  constructor(private readonly database: Database) {}

  /** Always returns the same content for one event; null: it was deleted after 30 days. */
  async find(id: string): Promise<GatewayEvent | null> {
    const [row] = await this.database.query<{ [name in keyof GatewayEventRow]: GatewayEventRow[name] }>(FIND, [id]);
    if (!row) return null;
    const { type, data, at } = row;
    return { id: publicId('evt', row.id), type, timestamp: at.toISOString(), apiVersion: API_VERSION, data };
  }
}
