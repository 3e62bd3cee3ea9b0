import { Injectable } from '@nestjs/common';
import { DataSource, MoreThan, type EntityManager } from 'typeorm';
import { Problem } from '../../../common/problem.js';
import { Audit, type AuditActor } from '../../../access/audit.service.js';
import { PlanEntity } from './plan.entity.js';
import { Plans, type Plan } from './plans.service.js';

/** Lets operators configure plans. A change and its audit entry are one database transaction. */
@Injectable()
export class PlanAdmin {
  constructor(
    private readonly source: DataSource,
    private readonly audit: Audit,
    private readonly plans: Plans,
  ) {}

  /** @throws Problem `invalid_state` if the plan is already configured */
  async create({ planId, kind, enrolTokenRequired }: Plan, actor: AuditActor): Promise<PlanEntity> {
    await this.source.transaction(async (manager) => {
      const made = manager.create(PlanEntity, { planId, kind, enrolTokenRequired });
      const inserted = await manager
        .createQueryBuilder()
        .insert()
        .into(PlanEntity)
        .values(made)
        .orIgnore()
        .returning('plan_id')
        .execute();
      const rows: unknown = inserted.raw;
      if (!Array.isArray(rows) || rows.length === 0) {
        throw new Problem('invalid_state', 'This plan is already configured. Change it instead.');
      }
      await this.audit.record(actor, 'plan.create', planId, { kind, enrolTokenRequired }, manager);
    });
    this.plans.forget(planId);
    return this.read(planId);
  }

  /** In the order of their ids. */
  async list(limit: number, after: string | null): Promise<PlanEntity[]> {
    return this.source.manager.find(PlanEntity, {
      ...(after !== null && { where: { planId: MoreThan(after) } }),
      order: { planId: 'ASC' },
      take: limit,
    });
  }

  /** @throws Problem `not_found` */
  async read(planId: string): Promise<PlanEntity> {
    const plan = await this.source.manager.findOneBy(PlanEntity, { planId });
    if (!plan) throw Problem.notFound('plan');
    return plan;
  }

  /** Locks the row, so that saving a plan cannot restore one that was removed at the same time. */
  private async lock(planId: string, manager: EntityManager): Promise<PlanEntity> {
    const plan = await manager.findOne(PlanEntity, { where: { planId }, lock: { mode: 'pessimistic_write' } });
    if (!plan) throw Problem.notFound('plan');
    return plan;
  }

  async update(planId: string, changes: Partial<Plan>, actor: AuditActor): Promise<PlanEntity> {
    await this.source.transaction(async (manager) => {
      const plan = await this.lock(planId, manager);
      const { kind = plan.kind, enrolTokenRequired = plan.enrolTokenRequired } = changes;
      await manager.save(manager.merge(PlanEntity, plan, { kind, enrolTokenRequired }));
      await this.audit.record(actor, 'plan.update', planId, { kind, enrolTokenRequired }, manager);
    });
    this.plans.forget(planId);
    return this.read(planId);
  }

  async remove(planId: string, actor: AuditActor): Promise<void> {
    await this.source.transaction(async (manager) => {
      await this.lock(planId, manager);
      await manager.delete(PlanEntity, { planId });
      await this.audit.record(actor, 'plan.delete', planId, {}, manager);
    });
    this.plans.forget(planId);
  }
}
