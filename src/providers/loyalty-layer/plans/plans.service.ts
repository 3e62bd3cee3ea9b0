import { Injectable } from '@nestjs/common';
import { Database } from '../../../database/database.js';
import { StaleWhileErrorCache } from '../../../common/stale-while-error-cache.js';
import type { PlanKind } from './plan.entity.js';

/** What an operator has said of a plan. */
export interface Plan {
  readonly planId: string;
  readonly kind: PlanKind;
  readonly enrolTokenRequired: boolean;
}

const FIND = `
select plan_id as "planId", kind, enrol_token_required as "enrolTokenRequired" from plans where plan_id = $1`;

/** Looks plans up for the hot path: a change is seen within 3 s everywhere, and no query is made meanwhile. */
@Injectable()
export class Plans {
  private readonly plans: StaleWhileErrorCache<Plan | null>;

  constructor(database: Database) {
    this.plans = new StaleWhileErrorCache(async (planId) => {
      const rows = await database.prepared<Plan>('access_plan', FIND, [planId]);
      return rows[0] ?? null;
    });
  }

  /** null: nobody has configured it. */
  async find(planId: string): Promise<Plan | null> {
    return this.plans.get(planId);
  }

  /** This process changed it. */
  forget(planId: string): void {
    this.plans.forget(planId);
  }
}
