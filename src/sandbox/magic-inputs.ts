import { Injectable } from '@nestjs/common';
import { IsString } from 'class-validator';
import { executes, type Fault } from './faults.js';
import { Journal } from './journal.js';
import { type Table } from './table.js';

/** The fault that a magic input asks for. */
export interface Trick {
  readonly fault: Fault;
  /** Only the first request about one thing meets it; the next is treated as usual. */
  readonly once: boolean;
}

export const once = (kind: Fault['kind'], delayMs?: number): Trick => ({ fault: { kind, delayMs }, once: true });
export const always = (kind: Fault['kind'], delayMs?: number): Trick => ({ fault: { kind, delayMs }, once: false });

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
export class Tricks {
  private readonly met: Table<Met>;

  constructor(journal: Journal) {
    this.met = journal.table('met', Met);
  }

  /** Interrupts the request, or returns what shall happen to its answer. `key` is the thing that the request is about. */
  meet(trick: Trick | undefined, key: string): Fault | undefined {
    if (!trick) return undefined;
    if (trick.once) {
      if (this.met.get(key)) return undefined;
      this.met.put({ id: key });
    }
    if (!executes(trick.fault)) throw new Interruption(trick.fault);
    return trick.fault;
  }
}
