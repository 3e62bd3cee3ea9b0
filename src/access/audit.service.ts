import { Injectable } from '@nestjs/common';
import { DataSource, LessThan, type EntityManager } from 'typeorm';
import { newUuid, publicId } from '../common/ids.js';
import type { AppCaller, OperatorCaller } from './caller.js';
import { AuditEntity, type AuditDetail } from './entities.js';

/** The author of an action: an operator, an app that changes its own settings, or the gateway itself. */
export type AuditActor = OperatorCaller | AppCaller | 'gateway';

/** The append-only log of what operators do, and of what apps change. */
@Injectable()
export class Audit {
  constructor(private readonly source: DataSource) {}

  /**
   * Writes a line. Pass the manager of the transaction that makes the change, so that both are committed together.
   * `action` is a short verb such as `app.create`, `target` a public id. Never pass personal data or secrets.
   */
  async record(
    actor: AuditActor,
    action: string,
    target: string | null,
    detail: AuditDetail = {},
    manager: EntityManager = this.source.manager,
  ): Promise<void> {
    await manager.insert(AuditEntity, { id: newUuid(), ...nameOf(actor), action, target, detail });
  }

  /** Newest first. `before` is the last id of the previous page. */
  async list(limit: number, before: string | null): Promise<AuditEntity[]> {
    return this.source.manager.find(AuditEntity, {
      ...(before !== null && { where: { id: LessThan(before) } }),
      order: { id: 'DESC' },
      take: limit,
    });
  }
}

function nameOf(actor: AuditActor): { actor: string; address: string | null } {
  if (actor === 'gateway') return { actor, address: null };
  if (actor.kind === 'app') return { actor: `app:${publicId('app', actor.appId)}`, address: null };
  return { actor: `operator:${actor.username}`, address: actor.address };
}
