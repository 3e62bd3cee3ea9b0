import { Injectable } from '@nestjs/common';
import { DataSource, LessThan, type EntityManager } from 'typeorm';
import { newUuid } from '../common/ids.js';
import type { OperatorCaller } from './caller.js';
import { AuditEntity, type AuditDetail } from './entities.js';

/** Who did something: a person, or the gateway itself at its start. */
export type AuditActor = OperatorCaller | 'gateway';

const GATEWAY = { name: 'gateway', address: null };

/** The book of what operators did. Append-only. */
@Injectable()
export class Audit {
  constructor(private readonly source: DataSource) {}

  /**
   * Writes a line. Pass the manager of the transaction that makes the change, so that there is never one without the
   * other. `action` is a short verb such as `app.create`, `target` a public id; no personal data, no secrets.
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

  /** Newest first; `before` is the last id of the page before. */
  async list(limit: number, before: string | null): Promise<AuditEntity[]> {
    return this.source.manager.find(AuditEntity, {
      ...(before !== null && { where: { id: LessThan(before) } }),
      order: { id: 'DESC' },
      take: limit,
    });
  }
}
