import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';
import { Problem, type FieldError } from '../common/problem.js';
import { DuplicateMemberError, numberOrBigint, parseJson } from '../readers/json.js';

/** Much deeper than any request of the API. Recursion over outside data needs a limit. */
const MAX_DEPTH = 32;
const TOO_DEEP = `is nested more than ${MAX_DEPTH} levels deep`;
/** Member names that can change the prototype of JavaScript objects. */
const FORBIDDEN_MEMBERS = new Set(['__proto__', 'constructor', 'prototype']);
const MAX_NAME_LENGTH = 64;

/** The value of a JSON body, or its problem and the readable part. */
export type BodyReading = { readonly value: unknown } | { readonly problem: Problem; readonly unread: unknown };

/**
 * Reads a JSON body. It must be strict UTF-8 and strict JSON, without a member that has two different values, without
 * forbidden member names, and without text that PostgreSQL cannot store. A byte order mark is skipped. An empty body is
 * undefined.
 */
export function readJson(bytes: Buffer): BodyReading {
  if (bytes.length === 0) return { value: undefined };
  const text = bytes.toString('utf8');
  if (!isUtf8(bytes)) return { problem: unreadable('is not valid UTF-8'), unread: text };
  let value: unknown;
  try {
    value = parseJson(text, numberOrBigint);
  } catch (error) {
    if (error instanceof DuplicateMemberError) return { problem: namedTwice(error.member), unread: text };
    // The stack of the parser ended: the text may be valid, but it is nested thousands of levels deep.
    if (error instanceof RangeError) return { problem: unreadable(TOO_DEEP), unread: text };
    return { problem: unreadable('is not valid JSON: check quotes, commas and braces'), unread: text };
  }
  const error = findFault(value, '', 0);
  return error === null ? { value } : { problem: Problem.validation([error]), unread: value };
}

/** Appends a member to an RFC 6901 pointer. Names longer than any of the API are cut. */
export function pointerTo(parent: string, name: string): string {
  return `${parent}/${name.slice(0, MAX_NAME_LENGTH).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * Reports faults of the body, the query or the path. Called after authentication, so that unauthenticated callers get
 * only a 401.
 * @throws Problem `validation_failed`, `unsupported_media_type`
 */
export function assertReadable(request: FastifyRequest): void {
  if (request.gateway.bodyProblem) throw request.gateway.bodyProblem;
  const errors = [...queryFaults(request.query), ...pathFaults(request.params)];
  if (errors.length > 0) throw Problem.validation(errors);
}

function queryFaults(query: unknown): FieldError[] {
  if (typeof query !== 'object' || query === null) return [];
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(query)) {
    const pointer = `?${name.slice(0, MAX_NAME_LENGTH)}`;
    if (Array.isArray(value)) errors.push({ pointer, message: 'must be given once, not several times' });
    else if (typeof value === 'string' && !isStorable(value)) errors.push({ pointer, message: UNSTORABLE });
  }
  return errors;
}

function pathFaults(params: unknown): FieldError[] {
  if (typeof params !== 'object' || params === null) return [];
  return Object.entries(params).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'string' && !isStorable(value) ? [{ pointer: `:${name}`, message: UNSTORABLE }] : [],
  );
}

const UNSTORABLE = 'contains a character that is not allowed (U+0000, or half of a surrogate pair)';

/** With the `u` flag this matches only lone surrogates, never a pair. */
const UNSTORABLE_CHARACTERS = /[\0\p{Cs}]/u;

function isStorable(text: string): boolean {
  return !UNSTORABLE_CHARACTERS.test(text);
}

function findFault(value: unknown, pointer: string, depth: number): FieldError | null {
  if (typeof value === 'string') return isStorable(value) ? null : { pointer, message: UNSTORABLE };
  if (typeof value !== 'object' || value === null) return null;
  if (depth >= MAX_DEPTH) return { pointer: '', message: TOO_DEEP };
  for (const [name, part] of Object.entries(value)) {
    const path = pointerTo(pointer, name);
    if (FORBIDDEN_MEMBERS.has(name)) return { pointer: path, message: 'is not an allowed member' };
    if (!isStorable(name)) return { pointer, message: `has a member whose name ${UNSTORABLE}` };
    const fault = findFault(part, path, depth + 1);
    if (fault) return fault;
  }
  return null;
}

function namedTwice(member: string): Problem {
  return unreadable(`names the member ${JSON.stringify(member.slice(0, MAX_NAME_LENGTH))} twice with different values`);
}

function unreadable(what: string): Problem {
  return new Problem('validation_failed', `The request body ${what}.`, { errors: [{ pointer: '', message: what }] });
}
