import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { readWholeNumber } from '../readers/integer.js';
import type { Variable } from './variables.js';
import { errorCode } from '../readers/error-code.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Texts of secret files by path; null: not UTF-8. A pipe can be read only once, so each start reads a file once. */
type SecretFiles = Map<string, string | null>;

const secretFilesOf = new WeakMap<Environment, SecretFiles>();

interface Findings {
  readonly errors: string[];
  readonly warnings: string[];
}

const QUOTED = /^(["'])[^]*\1$/;

/** Reads declared variables and collects all errors, so that one start reports all of them. */
export class EnvironmentReader<Name extends string = string> {
  private readonly variables: Readonly<Record<string, Variable>>;
  private readonly secretFiles: SecretFiles;

  constructor(
    private readonly environment: Environment,
    variables: Readonly<Record<Name, Variable>>,
    private readonly findings: Findings = { errors: [], warnings: [] },
  ) {
    this.variables = variables;
    this.secretFiles = secretFilesOf.get(environment) ?? new Map<string, string | null>();
    secretFilesOf.set(environment, this.secretFiles);
  }

  get errors(): readonly string[] {
    return this.findings.errors;
  }

  get warnings(): readonly string[] {
    return this.findings.warnings;
  }

  get isProduction(): boolean {
    return this.environment['NODE_ENV']?.trim() === 'production';
  }

  /** A reader of other variables that shares the findings of this one. */
  of<Other extends string>(variables: Readonly<Record<Other, Variable>>): EnvironmentReader<Other> {
    return new EnvironmentReader(this.environment, variables, this.findings);
  }

  /** A reader of the same variables in which `values` override values and files. Its findings are separate. */
  with(values: Environment): EnvironmentReader<Name> {
    const files = Object.fromEntries(Object.keys(values).map((name) => [`${name}_FILE`, undefined]));
    const environment = { ...this.environment, ...values, ...files };
    secretFilesOf.set(environment, this.secretFiles);
    return new EnvironmentReader<Name>(environment, this.variables);
  }

  /** A value without surrounding white space. An empty value counts as unset. */
  text(name: Name): string | null {
    const value = this.read(name);
    if (value !== null && QUOTED.test(value)) {
      this.warn(
        `${name} begins and ends with quotation marks, which count as part of the value: not every program that reads ` +
          'an environment file removes them.',
      );
    }
    return value;
  }

  /** A variable that other tools also read in lower case; the upper-case one wins. */
  eitherCase(name: Name): string | null {
    const lower = this.environment[name.toLowerCase()]?.trim() ?? '';
    return this.text(name) ?? (lower === '' ? null : lower);
  }

  /** A required value. If it is missing, an error is added and the result is an empty text. */
  required(name: Name, why: string): string {
    const value = this.text(name);
    if (value === null && this.fileOf(name) === '') this.fail(name, `is not set: ${why}`);
    return value ?? '';
  }

  matching(name: Name, pattern: RegExp, what: string): string | null {
    const value = this.text(name);
    if (value !== null && !pattern.test(value)) this.fail(name, `must be ${what}`);
    return value;
  }

  /** A whole number in ASCII digits from `min` to `max`. */
  integer(name: Name, fallback: number, min: number, max: number): number {
    const value = this.text(name);
    if (value === null) return fallback;
    const number = readWholeNumber(value, max);
    if (number !== null && number >= min) return number;
    this.fail(name, `must be a whole number from ${min} to ${max}, not "${shown(value)}"`);
    return fallback;
  }

  boolean(name: Name): boolean | null {
    const value = this.text(name);
    if (value === null) return null;
    if (value !== 'true' && value !== 'false') this.fail(name, `must be true or false, not "${shown(value)}"`);
    return value === 'true';
  }

  choice<const Value extends string>(name: Name, values: readonly Value[], fallback: Value): Value {
    const value = this.text(name);
    if (value === null) return fallback;
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) this.fail(name, `must be one of ${values.join(', ')}, not "${shown(value)}"`);
    return found ?? fallback;
  }

  fail(name: Name, problem: string): void {
    this.findings.errors.push(`${name} ${problem}`);
  }

  warn(text: string): void {
    this.findings.warnings.push(text);
  }

  private isSecret(name: Name): boolean {
    return this.variables[name]?.secret === true;
  }

  private read(name: Name): string | null {
    const direct = this.environment[name]?.trim() ?? '';
    const file = this.fileOf(name);
    if (file === '') return direct === '' ? null : direct;
    if (!this.isSecret(name)) {
      this.fail(name, `is not read from a file, but ${name}_FILE is set: set ${name} instead`);
    } else if (direct !== '') {
      this.fail(name, `and ${name}_FILE are both set: set only one of them`);
    } else {
      return this.fromFile(name, file);
    }
    return null;
  }

  private fileOf(name: Name): string {
    return this.environment[`${name}_FILE`]?.trim() ?? '';
  }

  private fromFile(name: Name, file: string): string | null {
    try {
      const value = this.secretIn(file)?.trim();
      if (value !== undefined && value !== '') return value;
      const fault = value === '' ? 'is empty' : 'is not text in UTF-8';
      this.fail(name, `${fault} in the file of ${name}_FILE (${file})`);
    } catch (error) {
      this.fail(name, `cannot be read from the file of ${name}_FILE (${file}): ${errorCode(error) ?? 'error'}`);
    }
    return null;
  }

  private secretIn(file: string): string | null {
    const known = this.secretFiles.get(file);
    if (known !== undefined) return known;
    const text = readUtf8(readFileSync(file));
    this.secretFiles.set(file, text);
    return text;
  }
}

/** null for other bytes, and for UTF-16, where ASCII characters have zero bytes. A byte order mark is removed. */
function readUtf8(bytes: Buffer): string | null {
  if (!isUtf8(bytes) || bytes.includes(0)) return null;
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/** Enough of a wrong value to recognize it. Never used for secrets. */
function shown(value: string): string {
  return value.length <= 40 ? value : `${value.slice(0, 40)}…`;
}
