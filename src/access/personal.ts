import { Problem } from '../common/problem.js';
import { includesRole, type OperatorCaller } from './caller.js';

/** Personal data in clear is for operators, not for viewers; whoever reads it is written into the audit log. */
export function assertMayReadPersonal(caller: OperatorCaller): void {
  if (includesRole(caller.role, 'operator')) return;
  throw new Problem('forbidden', 'Unmasked personal data requires the role operator; without expand it is masked.');
}

/** What is blocked is kept for claims only. */
export function mayReadBlocked(caller: OperatorCaller): boolean {
  return includesRole(caller.role, 'admin');
}

export function assertMayReadBlocked(caller: OperatorCaller): void {
  if (mayReadBlocked(caller)) return;
  throw new Problem(
    'forbidden',
    'The personal data is blocked and kept for claims only; reading it requires the role admin.',
  );
}
