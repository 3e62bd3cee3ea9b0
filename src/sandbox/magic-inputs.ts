import { Injectable } from '@nestjs/common';
import { IsString } from 'class-validator';
import { executes, type Fault } from './faults.js';
import { Journal } from './journal.js';
import { type Table } from './table.js';

/** The fault that a magic input requests. */
export interface MagicFault extends Fault {
  /** True when only the first request with the same key gets the fault. */
  readonly once: boolean;
}

export const once = (kind: Fault['kind'], delayMs?: number): MagicFault => ({ kind, delayMs, once: true });
export const always = (kind: Fault['kind'], delayMs?: number): MagicFault => ({ kind, delayMs, once: false });

/** Thrown when a magic input requests a fault that prevents the effect. */
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
   * Returns the fault to apply to the answer. `key` identifies the object of the request. @throws Interruption when the
   * fault prevents the effect
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
