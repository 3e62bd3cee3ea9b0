import type { FailureCategory } from '../../../ledger/model/transaction.js';

export interface Reason {
  readonly code: string;
  readonly message: string;
  readonly instructions: string;
  readonly category: FailureCategory;
}

/**
 * Reasons for a rejected accrual (document "Accrual notification", table of reasons), by business code, not by HTTP status.
 * `code` and `instructions` are ours: `instructions` name the caller's next step.
 */
export const REASONS: Readonly<Record<string, Reason>> = {
  '101': {
    code: 'activity_date_in_future',
    message: 'The activity date was in the future when LATAM Pass checked it.',
    instructions: 'Correct occurredAt and send a new accrual with a new reference.',
    category: 'request',
  },
  '108': {
    code: 'partner_not_registered',
    message: 'LATAM Pass does not know the partner id.',
    instructions: 'Ask LATAM Pass to register the partner id; then send a new accrual with a new reference.',
    category: 'configuration',
  },
  '110': {
    code: 'product_invalid_or_expired',
    message: 'The product is not registered, not linked to the partner, or has expired.',
    instructions:
      'Use a productId that LATAM Pass has assigned, or ask LATAM Pass to renew it; then send a new accrual.',
    category: 'configuration',
  },
  '111': {
    code: 'program_not_in_country',
    message: "The program is not valid for the member's country of residence.",
    instructions: 'Ask LATAM Pass to set up the country for this partner; then send a new accrual.',
    category: 'configuration',
  },
  '112': {
    code: 'email_of_another_member',
    message: 'No member was found, and the e-mail address belongs to another account.',
    instructions: 'The member has to contact LATAM Pass to update their data; then send a new accrual.',
    category: 'member',
  },
  '113': {
    code: 'member_id_invalid_for_country',
    message: "The member's id (CPF) is not valid for the country of residence.",
    instructions: 'Correct the CPF number and send a new accrual.',
    category: 'request',
  },
  '114': {
    code: 'member_status_invalid',
    message: "The member's account cannot receive points in its present status.",
    instructions: 'The member has to contact LATAM Pass to update their data; then send a new accrual.',
    category: 'member',
  },
  '204': {
    code: 'member_already_exists',
    message: 'LATAM Pass could not process the accrual for this member.',
    instructions: 'The member has to contact LATAM Pass to update their data; then send a new accrual.',
    category: 'member',
  },
  '205': {
    code: 'member_id_invalid_for_country',
    message: "The member's id (CPF) is not valid for the country of residence.",
    instructions: 'Correct the CPF number and send a new accrual.',
    category: 'request',
  },
  '206': {
    code: 'member_already_exists',
    message: 'LATAM Pass could not process the accrual for this member.',
    instructions: 'The member has to contact LATAM Pass to update their data; then send a new accrual.',
    category: 'member',
  },
};

export const UNKNOWN_REASON: Reason = {
  code: 'accrual_rejected',
  message: 'LATAM Pass rejected the accrual.',
  instructions: "See the provider's message; when the cause is fixed, send a new accrual with a new reference.",
  category: 'provider',
};
