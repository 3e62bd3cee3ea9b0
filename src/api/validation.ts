import { ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { Problem, type FieldError } from '../common/problem.js';
import { CompiledRules } from './compiled-rules.js';
import { pointerTo } from './json-body.js';
import { isRecord } from '../readers/json.js';

const MAX_ERRORS = 50;
const REQUIRED = 'is required';

/** The options of class-validator and class-transformer. */
export const STRICT_OPTIONS = {
  whitelist: true,
  forbidNonWhitelisted: true,
  // A DTO without members stands for an empty body; `forbidNonWhitelisted` enforces it.
  forbidUnknownValues: false,
  transform: true,
} as const;

/** Carries class-validator's findings to the code that knows whether they concern a body or a query. */
class Findings extends Error {
  constructor(readonly errors: readonly ValidationError[]) {
    super('findings');
  }
}

/**
 * Validates bodies and typed queries. Unknown members are refused, and nothing is converted (a quoted number is a
 * string). Every error names its place: `/member/ffn` in a body, `?limit` in a query.
 */
export class RequestValidation extends ValidationPipe {
  private readonly rules = new CompiledRules();

  constructor() {
    super({ ...STRICT_OPTIONS, exceptionFactory: (errors) => new Findings(errors) });
  }

  /** @throws Problem `validation_failed` */
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (!this.toValidate(metadata)) return value;
    // A missing body counts as an empty object: if all members are optional, so is the body.
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

  /** Refuses members that the class has but does not declare as input, e.g. getters, like unknown members. */
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
  return isRecord(value) && !Buffer.isBuffer(value);
}

function toFieldErrors(finding: ValidationError, parent: string): FieldError[] {
  const pointer = pointerTo(parent, finding.property);
  const own = messagesOf(finding).map((message) => ({ pointer, message }));
  return [...own, ...(finding.children ?? []).flatMap((child) => toFieldErrors(child, pointer))];
}

function messagesOf({ constraints = {}, property, value }: ValidationError): string[] {
  if ('whitelistValidation' in constraints) return [UNKNOWN];
  // Rules for the content of a list say nothing about what is no list.
  const isForContent = (name: string): boolean => name.startsWith('array') && !Array.isArray(value);
  const names = Object.keys(constraints);
  const wanted = names.every(isForContent) ? names : names.filter((name) => !isForContent(name));
  const messages = [...new Set(wanted.flatMap((name) => constraints[name] ?? []))];
  if (value === undefined && messages.length > 0) return [REQUIRED];
  // class-validator begins its messages with the name, which the pointer already contains.
  return messages.map((message) => (message.startsWith(`${property} `) ? message.slice(property.length + 1) : message));
}

function placed(errors: readonly FieldError[], { type }: ArgumentMetadata): FieldError[] {
  if (type === 'body') return [...errors];
  const mark = type === 'query' ? '?' : ':';
  return errors.map(({ pointer, message }) => ({ pointer: mark + pointer.slice(1), message }));
}
