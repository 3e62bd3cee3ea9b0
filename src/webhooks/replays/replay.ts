import type { EventType } from '../events/event-types.js';

/** `stopped`: its endpoint was disabled. */
export const REPLAY_STATUSES = ['running', 'completed', 'stopped'] as const;
export type ReplayStatus = (typeof REPLAY_STATUSES)[number];

/** A request to send the events of a period again. */
export interface Replay {
  readonly id: string;
  readonly endpointId: string;
  readonly status: ReplayStatus;
  readonly from: Date;
  readonly to: Date;
  readonly types: readonly EventType[];
  readonly onlyMissing: boolean;
  readonly counted: number;
  readonly queued: number;
  readonly createdAt: Date;
  readonly completedAt: Date | null;
}

export const REPLAY_COLUMNS = `
  r.id, r.endpoint_id as "endpointId", r.status, r.from_at as "from", r.to_at as "to", r.types,
  r.only_missing as "onlyMissing", r.counted, r.queued, r.created_at as "createdAt", r.completed_at as "completedAt"`;
