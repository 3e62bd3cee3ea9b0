import { Injectable } from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import { Journal } from './journal.js';
import { type Table } from './table.js';

class Count {
  @IsString() id: string;
  @IsInt() count: number;
}

/** Counts rare events, such as logins. The counts survive a restart. */
@Injectable()
export class Counters {
  private readonly counts: Table<Count>;

  constructor(journal: Journal) {
    this.counts = journal.table('counter', Count);
  }

  add(name: string): void {
    this.counts.put({ id: name, count: this.of(name) + 1 });
  }

  of(name: string): number {
    return this.counts.get(name)?.count ?? 0;
  }
}
