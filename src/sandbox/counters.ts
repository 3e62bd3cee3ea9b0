import { Injectable } from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import { Journal } from './journal.js';
import { type Table } from './table.js';

class Count {
  @IsString() id: string;
  @IsInt() count: number;
}

/** Counters of rare events, such as logins; they survive a restart. */
@Injectable()
export class Tally {
  private readonly counts: Table<Count>;

  constructor(journal: Journal) {
    this.counts = journal.table('tally', Count);
  }

  add(name: string): void {
    this.counts.put({ id: name, count: this.of(name) + 1 });
  }

  of(name: string): number {
    return this.counts.get(name)?.count ?? 0;
  }
}
