import { createHash } from 'node:crypto';
import { type ClassConstructor } from 'class-transformer';
import { type Call, isMediaType } from '../call.js';
import { parseJson } from '../parse.js';
import { invalidContent } from './errors.js';
import { magicOf } from './magic.js';
import { type DocumentBody, type SearchBody } from './requests.js';

export function readBody<T extends object>(type: ClassConstructor<T>, call: Call): T {
  if (!isMediaType(call, 'application/json')) throw invalidContent({ 'content-type': 'must be application/json' });
  const parsed = parseJson(type, call.body);
  if (!parsed.ok) throw invalidContent(parsed.problems);
  return parsed.value;
}

/**
 * The account that the request is about. With both an ffn and a document, an ffn that nobody has falls back to the
 * document ("Accrual request"); `undefined` when nobody is found.
 */
export function findMember(member: SearchBody, field: string): string | undefined {
  if (member.ffn === undefined && member.document === undefined) {
    throw invalidContent({ [field]: 'ffn or document must be given' });
  }
  const known = member.ffn !== undefined && !magicOf(member.ffn).unknownMember;
  if (known) return member.ffn;
  return member.document && ffnOf(member.document);
}

/** An 11-digit ffn, always the same for one document. */
function ffnOf(document: DocumentBody): string {
  const text = [document.issueCountryCode, document.documentType, document.documentId].join('/');
  const digest = createHash('sha256').update(text).digest();
  return `7${String(digest.readUIntBE(0, 6) % 10_000_000_000).padStart(10, '0')}`;
}
