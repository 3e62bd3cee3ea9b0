import { Injectable } from '@nestjs/common';
import { Database } from '../../../database/database.js';
import { StaleWhileErrorCache } from '../../../common/stale-while-error-cache.js';
import type { PlanKind } from './plan.entity.js';

/** A plan as an operator configured it. */
export interface Plan {
  readonly planId: string;
  readonly kind: PlanKind;
  readonly enrolTokenRequired: boolean;
}

const FIND = `
select plan_id as "planId", kind, enrol_token_required as "enrolTokenRequired" from plans where plan_id = $1`;

/** Looks up plans for the hot path, from a cache. Every instance sees a change within 3 s. */
@Injectable()
export class Plans {
  private readonly plans: StaleWhileErrorCache<Plan | null>;

  constructor(database: Database) {
    this.plans = new StaleWhileErrorCache(async (planId) => {
      const rows = await database.prepared<Plan>('access_plan', FIND, [planId]);
      return rows[0] ?? null;
    });
  }

  /** null: not configured. */
  async find(planId: string): Promise<Plan | null> {
    return this.plans.get(planId);
  }

  /** Call it after a change by this process: the next lookup reads the database. */
  forget(planId: string): void {
    this.plans.forget(planId);
  }
}
