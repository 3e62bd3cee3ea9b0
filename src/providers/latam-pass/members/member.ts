import { maskEmail, maskNumber } from '../../../operations/transactions/mask.js';
import type { FieldError } from '../../../common/problem.js';
import type { Member } from '../accruals/accrual.mapping.js';

/* A member as the gateway keeps it: in clear for the sealed part, masked for everything else. */

type Shown = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

/** One of both has to be there; `parent` is the pointer of the object that holds them. */
export function memberErrors({ ffn, document }: Member, parent: string): FieldError[] {
  if (ffn !== undefined || document !== undefined) return [];
  return [{ pointer: parent, message: 'needs ffn, or a complete document, or both' }];
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
