import { Injectable } from '@nestjs/common';
import { IsString } from 'class-validator';
import { executes, type Fault } from './faults.js';
import { Journal } from './journal.js';
import { type Table } from './table.js';

/** The fault that a magic input asks for. */
export interface MagicFault extends Fault {
  /** Only the first request about the same thing meets it. */
  readonly once: boolean;
}

export const once = (kind: Fault['kind'], delayMs?: number): MagicFault => ({ kind, delayMs, once: true });
export const always = (kind: Fault['kind'], delayMs?: number): MagicFault => ({ kind, delayMs, once: false });

/** Thrown where a magic input asks for a fault before the effect. */
export class Interruption extends Error {
  constructor(readonly fault: Fault) {
    super(fault.kind);
  }
}

class Met {
  @IsString() id: string;
}

@Injectable()
export class MagicInputs {
  private readonly met: Table<Met>;

  constructor(journal: Journal) {
    this.met = journal.table('met', Met);
  }

  /**
   * Returns what is to happen to the answer. `key` names what the request is about.
   * @throws Interruption when nothing is to be executed
   */
  meet(fault: MagicFault | undefined, key: string): Fault | undefined {
    if (!fault) return undefined;
    if (fault.once) {
      if (this.met.get(key)) return undefined;
      this.met.put({ id: key });
    }
    if (!executes(fault)) throw new Interruption(fault);
    return fault;
  }
}
