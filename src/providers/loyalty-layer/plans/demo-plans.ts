import { Problem } from '../../../common/problem.js';
import type { PlanAdmin } from './plan-admin.service.js';
import type { Plan } from './plans.service.js';

const DEMO_PLANS: readonly Plan[] = [
  { planId: 'PP-LOUNGE', kind: 'lounge', enrolTokenRequired: true },
  { planId: 'LOUNGE-BASIC', kind: 'lounge', enrolTokenRequired: false },
  { planId: 'ESIM-MX-5GB', kind: 'esim', enrolTokenRequired: false },
];

/** Configures the plans of the simulator. Existing plans are not changed. */
export async function seedDemoPlans(plans: PlanAdmin): Promise<void> {
  for (const plan of DEMO_PLANS) {
    try {
      await plans.create(plan, 'gateway');
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'invalid_state') throw error;
    }
  }
}
