import { Injectable } from '@nestjs/common';
import { type Call } from './call.js';

/** Faults with which nothing is executed. */
const BEFORE = [
  'drop-before',
  'hang',
  'html',
  'html-403',
  'redirect',
  '401',
  '429',
  'status-500',
  'status-502',
  'status-503',
  'status-504',
] as const;

/** Faults with which the request is executed, but its answer is wrong, late or lost. */
const AFTER = [
  'drop-after',
  'hang-after',
  'html-after',
  'status-500-after',
  'status-502-after',
  'status-504-after',
  'truncated',
  'drip',
  'garbage',
  'empty-204',
  'delay',
] as const;

export const FAULT_KINDS = [...BEFORE, ...AFTER] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/**
 * `delayMs` depends on the kind: the wait before the answer (`delay`), the wait between two bytes (`drip`), or the time
 * in Retry-After (`429`).
 */
export interface Fault {
  readonly kind: FaultKind;
  readonly delayMs?: number | undefined;
}

export function executes(fault: Fault): boolean {
  return AFTER.some((kind) => kind === fault.kind);
}

export interface FaultRule extends Fault {
  readonly provider: string;
  /** `*`: every operation of the provider. */
  readonly operation: string;
  /** The number of requests that get the fault; undefined: all. */
  readonly times?: number | undefined;
  /** The probability that a matching request gets the fault, 0 to 1. */
  readonly probability: number;
  /** The same seed gives the same faults for the same requests. */
  readonly seed: number;
}

interface ActiveRule {
  readonly rule: FaultRule;
  readonly roll: () => number;
  struck: number;
}

/**
 * Faults that were added through the control API. A request gets the fault of the first rule that matches and whose
 * random draw succeeds.
 */
@Injectable()
export class FaultBook {
  private rules: ActiveRule[] = [];

  add(rule: FaultRule): void {
    this.rules.push({ rule, roll: random(rule.seed), struck: 0 });
  }

  take(call: Call): Fault | undefined {
    const found = this.rules.find((active) => matches(active, call) && active.roll() < active.rule.probability);
    if (found) found.struck += 1;
    return found?.rule;
  }

  list(): object[] {
    return this.rules.map(({ rule: { kind, ...rest }, struck }) => ({ fault: kind, ...rest, struck }));
  }

  clear(): number {
    const count = this.rules.length;
    this.rules = [];
    return count;
  }
}

function matches({ rule, struck }: ActiveRule, call: Call): boolean {
  const mine = rule.provider === call.provider && (rule.operation === '*' || rule.operation === call.operation);
  return mine && (rule.times === undefined || struck < rule.times);
}

/** mulberry32: small, fast, and the same on every machine. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
