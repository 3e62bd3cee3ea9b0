import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { at } from './http.js';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** One method of one path of the document, and the scope or role that it requires. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly caller: 'partner' | 'operator' | 'notifier' | 'public';
  /** A scope or a role; null: none is needed. */
  readonly needs: string | null;
  readonly spec: unknown;
}

export const openApi: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'openapi.json'), 'utf8'));

/** All scopes that an app may have. */
export function scopes(document: unknown = openApi): string[] {
  const listed = at(document, 'components', 'schemas', 'CreateAppDto', 'properties', 'scopes', 'items', 'enum');
  if (!Array.isArray(listed)) throw new Error('the document lists no scopes');
  return listed.map(String);
}

/** All documented operations, in the document's order. */
export function operations(): Operation[] {
  return entries(at(openApi, 'paths')).flatMap(([path, item]) =>
    entries(item).flatMap(([method, spec]) => (METHODS.includes(method) ? [operation(method, path, spec)] : [])),
  );
}

/** The body that Swagger UI shows for an operation: the named example, or a body made of the members' examples. */
export function exampleBody(spec: unknown): unknown {
  const content = at(spec, 'requestBody', 'content', 'application/json');
  if (content === undefined) return undefined;
  return at(content, 'examples', 'usual', 'value') ?? sample(at(content, 'schema'));
}

function operation(method: string, path: string, spec: unknown): Operation {
  const needs = at(spec, 'x-required-scope') ?? at(spec, 'x-required-role');
  return {
    method: method.toUpperCase(),
    path,
    caller: callerOf(spec),
    needs: typeof needs === 'string' ? needs : null,
    spec,
  };
}

function callerOf(spec: unknown): Operation['caller'] {
  const names = entries(at(spec, 'security', 0)).map(([name]) => name);
  for (const name of ['partner', 'operator', 'notifier'] as const) if (names.includes(name)) return name;
  return 'public';
}

function sample(schema: unknown): unknown {
  const reference = at(schema, '$ref') ?? at(schema, 'allOf', 0, '$ref') ?? at(schema, 'anyOf', 0, '$ref');
  if (typeof reference === 'string') return sample(at(openApi, ...reference.split('/').slice(1)));
  const examples = [at(schema, 'example'), at(schema, 'default')].filter((value) => value !== undefined);
  if (examples.length > 0) return examples[0];
  const properties = at(schema, 'properties');
  if (properties !== undefined) {
    return Object.fromEntries(entries(properties).map(([name, property]) => [name, sample(property)]));
  }
  if (at(schema, 'format') === 'date-time') return new Date().toISOString();
  const type = at(schema, 'type', 0) ?? at(schema, 'type');
  if (type === 'array') return [sample(at(schema, 'items'))];
  if (type === 'boolean') return true;
  return at(schema, 'enum', 0) ?? (type === 'string' ? 'string' : 0);
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
