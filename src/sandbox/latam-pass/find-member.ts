import { createHash } from 'node:crypto';
import { invalidContent } from './errors.js';
import { magicOf } from './magic.js';
import { type DocumentBody, type SearchBody } from './requests.js';

/**
 * The ffn of the account that the request is about, if there is one. With both an ffn and a document, the document
 * counts if no member has the ffn ("Accrual request").
 */
export function findMember(member: SearchBody, field: string): string | undefined {
  if (member.ffn === undefined && member.document === undefined) {
    throw invalidContent({ [field]: 'ffn or document must be given' });
  }
  const known = member.ffn !== undefined && !magicOf(member.ffn).unknownMember;
  if (known) return member.ffn;
  return member.document && ffnOf(member.document);
}

/** An 11-digit ffn, the same for the same document. */
function ffnOf(document: DocumentBody): string {
  const text = [document.issueCountryCode, document.documentType, document.documentId].join('/');
  const digest = createHash('sha256').update(text).digest();
  return `7${String(digest.readUIntBE(0, 6) % 10_000_000_000).padStart(10, '0')}`;
}
