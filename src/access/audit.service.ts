import { Injectable } from '@nestjs/common';
import { DataSource, LessThan, type EntityManager } from 'typeorm';
import { newUuid } from '../common/ids.js';
import type { OperatorCaller } from './caller.js';
import { AuditEntity, type AuditDetail } from './entities.js';

/** The author of an action: an operator, or the gateway itself at startup. */
export type AuditActor = OperatorCaller | 'gateway';

const GATEWAY = { name: 'gateway', address: null };

/** The append-only log of operator actions. */
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
    const { name, address } =
      actor === 'gateway' ? GATEWAY : { name: `operator:${actor.username}`, address: actor.address };
    await manager.insert(AuditEntity, { id: newUuid(), actor: name, address, action, target, detail });
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
