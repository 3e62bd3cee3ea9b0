import { maskEmail, maskNumber } from '../../../operations/transactions/mask.js';
import type { FieldError } from '../../../common/problem.js';
import type { Member } from '../accruals/accrual.mapping.js';

/* The two stored forms of a member: in clear for the encrypted part, masked for `detail`. */

type Shown = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

/** At least one of `ffn` and `document` is required. `parent` is the JSON pointer of their object. */
export function memberErrors({ ffn, document }: Member, parent: string): FieldError[] {
  if (ffn !== undefined || document !== undefined) return [];
  return [{ pointer: parent, message: 'must have ffn, a complete document, or both' }];
}

export function clearMember({ ffn, document, email }: Member): Shown {
  return {
    ...(ffn !== undefined && { ffn }),
    ...(document && { document: { ...document } }),
    ...(email !== undefined && { email }),
  };
}

export function maskedMember({ ffn, document, email }: Member): Shown {
  return {
    ...(ffn !== undefined && { ffn: maskNumber(ffn) }),
    ...(document && { document: { ...document, documentId: maskNumber(document.documentId) } }),
    ...(email !== undefined && { email: maskEmail(email) }),
  };
}
