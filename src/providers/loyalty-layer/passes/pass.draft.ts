import { newUuid } from '../../../common/ids.js';
import { maskEmail, maskName, maskNumber } from '../../../operations/transactions/mask.js';
import type { Draft } from '../../../operations/submission/draft.js';
import { Problem } from '../../../common/problem.js';
import { createPassBody, type HolderChange } from './pass.mapping.js';
import type { CreatePassDto } from './pass.dto.js';

/** A plan's rule, as an operator configured it. A plan without configuration is sent without checks. */
export interface PlanRule {
  readonly enrolTokenRequired: boolean;
}

/** The kind of resource in the ledger. */
export const PASS = 'pass';

/** Translates a partner's request into a create for LoyaltyLayer. @throws Problem `validation_failed` */
export function passDraft(dto: CreatePassDto, plan: PlanRule | null): Draft {
  const { planId, enrolToken, holder, reference } = dto;
  if (plan?.enrolTokenRequired === true && enrolToken === undefined) {
    throw Problem.invalid('/enrolToken', `is required for the plan ${planId}: tokenize the card first`);
  }
  return {
    id: newUuid(),
    type: 'pass_create',
    provider: 'loyalty-layer',
    reference,
    quantity: { amount: 1n, unit: `PASS:${planId}` },
    detail: { planId, holder: maskedHolder(holder) },
    secret: { personal: { holder: { ...holder } }, body: createPassBody({ planId, enrolToken, holder }) },
    metadata: dto.metadata ?? {},
    ...bornPass(planId),
  };
}

function bornPass(planId: string): Pick<Draft, 'resourceId' | 'resource'> {
  const id = newUuid();
  return { resourceId: id, resource: { id, kind: PASS, status: 'pending', detail: { planId } } };
}

export function maskedHolder(holder: HolderChange): Record<string, string> {
  const { firstName, lastName, email, phone, country } = holder;
  return {
    ...(firstName !== undefined && { firstName: maskName(firstName) }),
    ...(lastName !== undefined && { lastName: maskName(lastName) }),
    ...(email !== undefined && { email: maskEmail(email) }),
    ...(phone !== undefined && { phone: maskNumber(phone) }),
    ...(country !== undefined && { country }),
  };
}
