import { ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { Problem, type FieldError } from '../common/problem.js';
import { CompiledRules } from './compiled-rules.js';
import { pointerTo } from './json-body.js';

const MAX_ERRORS = 50;
const REQUIRED = 'is required';

/** How class-validator and class-transformer are used. */
export const STRICT = {
  whitelist: true,
  forbidNonWhitelisted: true,
  // A class without members is a body that has to be empty: `forbidNonWhitelisted` sees to it.
  forbidUnknownValues: false,
  transform: true,
} as const;

/** Carries class-validator's findings to where it is known whether they are about a body or a query. */
class Findings extends Error {
  constructor(readonly errors: readonly ValidationError[]) {
    super('findings');
  }
}

/**
 * Checks bodies and typed queries: unknown members are refused, nothing is converted (a number in quotes is a string),
 * and every error names its place: `/member/ffn` in a body, `?limit` in a query.
 */
export class RequestValidation extends ValidationPipe {
  private readonly rules = new CompiledRules();

  constructor() {
    super({ ...STRICT, exceptionFactory: (errors) => new Findings(errors) });
  }

  /** @throws Problem `validation_failed` */
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (!this.toValidate(metadata)) return value;
    // No body is an empty one: where every member may be left out, so may the body.
    if (metadata.type === 'body' && value === undefined) return this.transform({}, metadata);
    if (metadata.type === 'body' && !isObject(value)) throw Problem.invalid('', 'must be a JSON object');
    this.refuseInherited(value, metadata);
    const accepted = isObject(value) ? this.rules.accept(metadata.metatype, value) : null;
    if (accepted) return accepted;
    try {
      const checked: unknown = await super.transform(value, metadata);
      return checked;
    } catch (error) {
      if (!(error instanceof Findings)) throw error;
      const found = error.errors.flatMap((finding) => toFieldErrors(finding, ''));
      throw Problem.validation(placed(found.slice(0, MAX_ERRORS), metadata));
    }
  }

  /** Members that a class has without having declared them as input (getters): as unknown to callers as any other. */
  private refuseInherited(value: unknown, metadata: ArgumentMetadata): void {
    const prototype: unknown = metadata.metatype?.prototype;
    if (!isObject(value) || typeof prototype !== 'object' || prototype === null) return;
    const names = Object.keys(value).filter((name) => name in prototype);
    if (names.length === 0) return;
    throw Problem.validation(placed(names.map(unknownMember), metadata));
  }
}

function unknownMember(name: string): FieldError {
  return { pointer: pointerTo('', name), message: UNKNOWN };
}

const UNKNOWN = 'is not a known member';

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}

function toFieldErrors(finding: ValidationError, parent: string): FieldError[] {
  const pointer = pointerTo(parent, finding.property);
  const own = messagesOf(finding).map((message) => ({ pointer, message }));
  return [...own, ...(finding.children ?? []).flatMap((child) => toFieldErrors(child, pointer))];
}

function messagesOf({ constraints = {}, property, value }: ValidationError): string[] {
  if ('whitelistValidation' in constraints) return [UNKNOWN];
  const messages = Object.values(constraints);
  if (value === undefined && messages.length > 0) return [REQUIRED];
  // class-validator begins its own messages with the name, which the pointer says already.
  return messages.map((message) => (message.startsWith(`${property} `) ? message.slice(property.length + 1) : message));
}

function placed(errors: readonly FieldError[], { type }: ArgumentMetadata): FieldError[] {
  if (type === 'body') return [...errors];
  const mark = type === 'query' ? '?' : ':';
  return errors.map(({ pointer, message }) => ({ pointer: mark + pointer.slice(1), message }));
}
