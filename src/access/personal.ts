import { Problem } from '../common/problem.js';
import { includesRole, type OperatorCaller } from './caller.js';

/** Operators and administrators may read unmasked personal data, viewers may not. The audit log records each read. */
export function assertMayReadPersonal(caller: OperatorCaller): void {
  if (includesRole(caller.role, 'operator')) return;
  throw new Problem(
    'forbidden',
    'Unmasked personal data requires the role operator. Without expand, the data is masked.',
  );
}

/** Blocked personal data is kept for legal claims only. */
export function mayReadBlocked(caller: OperatorCaller): boolean {
  return includesRole(caller.role, 'admin');
}

export function assertMayReadBlocked(caller: OperatorCaller): void {
  if (mayReadBlocked(caller)) return;
  throw new Problem(
    'forbidden',
    'The personal data is blocked and kept for legal claims only. Reading it requires the role admin.',
  );
}
