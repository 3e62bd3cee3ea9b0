// Reads the decorator metadata of class-validator and class-transformer, so that the DTO stays the only source of
// rules.
import { defaultMetadataStorage as types } from 'class-transformer/cjs/storage.js';
import { getMetadataStorage, type ValidationArguments } from 'class-validator';
import { isRecord } from '../readers/json.js';

type Constructor = new () => object;
type Check = (value: unknown, object: object) => boolean;

interface PropertyRules {
  readonly name: string;
  readonly applies: readonly ((object: object, value: unknown) => boolean)[];
  readonly checks: readonly Check[];
  /** Applied to the value before the checks. */
  readonly transforms: readonly ((value: unknown, body: object) => unknown)[];
  /** The rules for the property's object, or for each object of its list; null: not a nested object. */
  readonly nested: ClassRules | null;
}

interface ClassRules {
  readonly metatype: Constructor;
  readonly properties: readonly PropertyRules[];
  readonly names: ReadonlySet<string>;
}

/** The value of `TransformationType.PLAIN_TO_CLASS` in class-transformer. */
const PLAIN_TO_CLASS = 0;

/**
 * The rules of a DTO class, compiled once into functions. They only decide whether a body is valid, and create the same
 * instance as class-transformer from a valid body. All other cases go to class-validator, which also writes the
 * messages for an invalid body.
 */
export class CompiledRules {
  private readonly classes = new Map<unknown, ClassRules | null>();

  /** The instance; null when the body is not valid, or when the class has rules that cannot be compiled. */
  accept(metatype: unknown, body: object): object | null {
    let rules = this.classes.get(metatype);
    if (rules === undefined) {
      rules = isConstructor(metatype) ? compile(metatype) : null;
      this.classes.set(metatype, rules);
    }
    return rules && instantiate(rules, body);
  }
}

function instantiate({ metatype, properties, names }: ClassRules, body: object): object | null {
  const instance = new metatype();
  for (const name of Object.keys(body)) {
    if (!names.has(name)) return null;
    Reflect.set(instance, name, Reflect.get(body, name));
  }
  for (const { name, nested, transforms } of properties) {
    let value: unknown = Reflect.get(instance, name);
    if (transforms.length > 0 && name in body) {
      for (const transform of transforms) value = transform(value, body);
      Reflect.set(instance, name, value);
    }
    if (!nested) {
      if (isFreeOfInheritedNames(value)) continue;
      return null;
    }
    if (value === undefined) continue;
    const made = Array.isArray(value)
      ? instantiateAll(nested, value)
      : isRecord(value)
        ? instantiate(nested, value)
        : null;
    // An allowed null is rare: class-validator decides.
    if (made === null) return null;
    Reflect.set(instance, name, made);
  }
  for (const { name, applies, checks } of properties) {
    const value: unknown = Reflect.get(instance, name);
    if (!applies.every((condition) => condition(instance, value))) continue;
    if (!checks.every((check) => check(value, instance))) return null;
  }
  return instance;
}

/** False when a member has a name that every object inherits (`toString`): class-transformer drops such members. */
function isFreeOfInheritedNames(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, part]) => !(name in Object.prototype) && isFreeOfInheritedNames(part));
}

function instantiateAll(rules: ClassRules, values: readonly unknown[]): object[] | null {
  const made = values.map((value) => (isRecord(value) ? instantiate(rules, value) : null));
  return made.some((one) => one === null) ? null : made.filter((one) => one !== null);
}

/** null when the class uses a feature that only class-validator and class-transformer support. */
function compile(metatype: Constructor, within: readonly Constructor[] = []): ClassRules | null {
  if (within.includes(metatype)) return null;
  if (types.getExposedMetadatas(metatype).length + types.getExcludedMetadatas(metatype).length > 0) return null;
  const storage = getMetadataStorage();
  const all = storage.getTargetValidationMetadatas(metatype, '', false, false);
  const properties: PropertyRules[] = [];
  for (const [name, metadatas] of Object.entries(storage.groupByPropertyName(all))) {
    const rules = compileProperty(metatype, name, metadatas, [...within, metatype]);
    if (!rules) return null;
    properties.push(rules);
  }
  return { metatype, properties, names: new Set(properties.map(({ name }) => name)) };
}

type Metadatas = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>;

function compileProperty(
  metatype: Constructor,
  name: string,
  metadatas: Metadatas,
  within: readonly Constructor[],
): PropertyRules | null {
  const applies: PropertyRules['applies'][number][] = [];
  const checks: Check[] = [];
  const type = types.findTypeMetadata(metatype, name)?.typeFunction();
  let isNested = false;
  for (const metadata of metadatas) {
    if (isFilled(metadata.groups) || metadata.validateIf) return null;
    if (metadata.type === 'conditionalValidation') {
      const condition: unknown = metadata.constraints[0];
      if (!isCondition(condition)) return null;
      applies.push(condition);
    } else if (metadata.type === 'nestedValidation') isNested = true;
    else if (metadata.type === 'customValidation' || metadata.type === 'isDefined') checks.push(...checksOf(metadata));
    else if (metadata.type !== 'whitelistValidation') return null;
  }
  if ((type !== undefined) !== isNested) return null;
  const nested = type ? compile(type, within) : null;
  const transforms = types
    .findTransformMetadatas(metatype, name, PLAIN_TO_CLASS)
    .map(({ transformFn }) => (value: unknown, obj: object): unknown => {
      return transformFn({ value, key: name, obj, type: PLAIN_TO_CLASS, options: {} });
    });
  return (type && !nested) || (type && transforms.length > 0) ? null : { name, applies, checks, transforms, nested };
}

function checksOf(metadata: Metadatas[number]): Check[] {
  const { constraintCls, constraints, propertyName: property, each } = metadata;
  return getMetadataStorage()
    .getTargetValidatorConstraints(constraintCls)
    .map((rule) => (value: unknown, object: object) => {
      const args: ValidationArguments = { targetName: object.constructor.name, property, object, value, constraints };
      // Only `true` counts as valid: asynchronous checks are left to class-validator.
      const isValid = (one: unknown): boolean => rule.instance.validate(one, args) === true;
      return each && Array.isArray(value) ? value.every(isValid) : isValid(value);
    });
}

/** `groups` may be undefined although its declared type is a list. */
function isFilled(groups: unknown): boolean {
  return Array.isArray(groups) && groups.length > 0;
}

function isConstructor(value: unknown): value is Constructor {
  return typeof value === 'function' && value.prototype !== undefined;
}

function isCondition(value: unknown): value is (object: object, value: unknown) => boolean {
  return typeof value === 'function';
}
