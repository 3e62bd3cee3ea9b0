import { Injectable } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsArray, IsIn, IsInt, IsString, ValidateNested } from 'class-validator';
import { type Answer, json } from '../answer.js';
import { type Call, header } from '../call.js';
import { type Effect } from '../effects.js';
import { type Outcome } from '../exchange.js';
import { Journal } from '../journal.js';
import { MagicInputs } from '../magic-inputs.js';
import { Report } from '../report.js';
import { type Table } from '../table.js';
import { errorAnswer, invalidContent, notFound } from './errors.js';
import { findMember } from './find-member.js';
import { magicOf } from './magic.js';
import { CobrandedBody, CobrandedEndBody, readBody } from './requests.js';
import { NAME } from './settings.js';

const KINDS = ['cobranded-start', 'cobranded-end'] as const;

class Turn {
  @IsIn(KINDS) kind: (typeof KINDS)[number];
  @IsInt() at: number;
}

/** The benefits of one card of one member at one bank. */
class LifeCycle {
  @IsString() id: string;
  @IsArray() @ValidateNested({ each: true }) @Type(() => Turn) turns: Turn[];
}

/** Names of card data that no document allows in a request. */
const SENSITIVE = /pan|cvv|cvc|cardnumber|expir/i;

/** Life cycles of cobranded cards, version 1. The successful answers are assumed. */
@Injectable()
export class Cobranded {
  private readonly lifeCycles: Table<LifeCycle>;

  constructor(
    journal: Journal,
    private readonly magicInputs: MagicInputs,
    report: Report,
  ) {
    this.lifeCycles = journal.table('cobranded', LifeCycle);
    report.add(NAME, this);
  }

  /** A running life cycle continues: no document names an error for a second start. */
  start(call: Call): Outcome {
    const body = readBody(CobrandedBody, call);
    const ffn = findMember(body.member, 'member');
    const magic = magicOf(body.member.ffn);
    if (magic.refuse) throw invalidContent({ 'member.ffn': 'must not be this one' });
    const key = lifeCycleKey(call, ffn, body.card);
    const fault = this.magicInputs.meet(magic.fault, `start ${key}`);
    if (!this.isRunning(key)) this.turn(key, 'cobranded-start');
    return { answer: json(200, { status: 'ACTIVE' }), fault };
  }

  end(call: Call): Outcome {
    const body = readBody(CobrandedEndBody, call);
    const key = lifeCycleKey(call, findMember(body, 'ffn'), body.card);
    const magic = magicOf(body.ffn);
    if (magic.refuse) throw invalidContent({ ffn: 'must not be this one' });
    const fault = this.magicInputs.meet(magic.fault, `end ${key}`);
    // Not thrown as a `Refusal`, so that every fault can apply to this answer. Nothing is executed in any case.
    if (!this.isRunning(key)) return { answer: nothingToEnd(), fault };
    this.turn(key, 'cobranded-end');
    return { answer: json(200, { status: 'ENDED' }), fault };
  }

  effects(): Effect[] {
    return this.lifeCycles.all().flatMap(({ id, turns }) =>
      turns.map(({ kind, at }) => ({
        kind,
        at: new Date(at).toISOString(),
        key: id,
        providerReference: null,
        outcome: 'DONE',
        quantity: null,
        detail: {},
      })),
    );
  }

  private isRunning(key: string): boolean {
    return this.lifeCycles.get(key)?.turns.at(-1)?.kind === 'cobranded-start';
  }

  private turn(key: string, kind: Turn['kind']): void {
    const turns = this.lifeCycles.get(key)?.turns ?? [];
    this.lifeCycles.put({ id: key, turns: [...turns, { kind, at: Date.now() }] });
  }
}

function nothingToEnd(): Answer {
  return errorAnswer(400, 'There is no previously initiated life cycle', 'Evaluate the request fields');
}

function lifeCycleKey(call: Call, ffn: string | undefined, card: Record<string, unknown>): string {
  const bank = header(call, 'x-issue-bank');
  if (!bank) throw invalidContent({ 'x-issue-bank': 'must not be null' });
  if (ffn === undefined) throw notFound('Member not found');
  const fields = Object.entries(card).sort(([a], [b]) => a.localeCompare(b));
  if (fields.length === 0) throw invalidContent({ card: 'must not be empty' });
  for (const [name, value] of fields) {
    if (typeof value !== 'string') throw invalidContent({ [`card.${name}`]: 'must be a string' });
    if (SENSITIVE.test(name)) throw invalidContent({ [`card.${name}`]: 'must not be sent' });
  }
  return `${ffn} ${bank} ${JSON.stringify(Object.fromEntries(fields))}`;
}
