import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Answer, json } from '../answer.js';
import { randomDelayMs } from '../delays.js';
import { type Effect } from '../effects.js';
import { type Outcome } from '../exchange.js';
import { Journal } from '../journal.js';
import { MagicInputs } from '../magic-inputs.js';
import { Report } from '../report.js';
import { SandboxSettings } from '../settings.js';
import { type Table } from '../table.js';
import { Cards } from './cards.js';
import { invalidRequest, loyaltyLayerError, refusal } from './errors.js';
import { isCanceled, Pass, passBody, passEffects, type PassTurn } from './pass.js';
import { planOf } from './plans.js';
import { type CreateBody, type UpdateBody } from './requests.js';
import { NAME } from './settings.js';

const RETRY_AFTER_SECONDS = 1;

/** Every executed create issues another pass: the guide documents no idempotency. */
@Injectable()
export class Passes {
  private readonly passes: Table<Pass>;

  constructor(
    private readonly settings: SandboxSettings,
    journal: Journal,
    private readonly cards: Cards,
    private readonly magicInputs: MagicInputs,
    report: Report,
  ) {
    this.passes = journal.table('pass', Pass);
    report.add(NAME, this);
  }

  create(body: CreateBody): Outcome {
    const { magic, needsEnrolToken } = planOf(body.plan_id);
    this.cards.check(body.enrol_token, needsEnrolToken);
    const fault = this.magicInputs.meet(magic.fault, `create ${JSON.stringify(body)}`);
    return { answer: { ...this.issue(body, false), afterMs: randomDelayMs(this.settings.upstreamDelayMs) }, fault };
  }

  /** Issues a pass, or returns the error that its plan requests. Also used for the items of a batch. */
  issue(body: CreateBody, batch: boolean): Answer {
    const plan = planOf(body.plan_id);
    this.cards.check(body.enrol_token, plan.needsEnrolToken);
    const { error } = plan.magic;
    if (error?.status === 400) throw invalidRequest({ plan_id: 'is refused by the provider' });
    if (error && !error.executes) return loyaltyLayerError(error.status, RETRY_AFTER_SECONDS);
    const createdAt = Date.now();
    const id = `pass_${randomUUID()}`;
    const pass: Pass = { id, planId: body.plan_id, createdAt, holder: body.holder, batch, turns: [] };
    this.passes.put(pass);
    return error ? loyaltyLayerError(error.status, RETRY_AFTER_SECONDS) : json(200, passBody(pass));
  }

  status(passId: string): Outcome {
    return { answer: json(200, passBody(this.get(passId))) };
  }

  update({ pass_id, holder }: UpdateBody): Outcome {
    const pass = this.live(pass_id);
    const changes = Object.entries(holder).filter(([, value]) => value !== undefined);
    if (changes.length === 0) throw invalidRequest({ holder: 'must change something' });
    const changed = this.turn({ ...pass, holder: { ...pass.holder, ...Object.fromEntries(changes) } }, 'pass-update');
    return { answer: json(200, passBody(changed)) };
  }

  cancel(passId: string): Outcome {
    const canceled = this.turn(this.live(passId), 'pass-cancel');
    return { answer: json(200, { pass_id: canceled.id, status: 'cancelled' }) };
  }

  effects(): Effect[] {
    return this.passes.all().flatMap(passEffects);
  }

  private turn(pass: Pass, kind: PassTurn['kind']): Pass {
    const turned = { ...pass, turns: [...pass.turns, { kind, at: Date.now() }] };
    this.passes.put(turned);
    return turned;
  }

  private live(passId: string): Pass {
    const pass = this.get(passId);
    if (isCanceled(pass)) throw refusal(409, 'already_cancelled', `Pass ${passId} is already cancelled.`);
    return pass;
  }

  private get(passId: string): Pass {
    const pass = this.passes.get(passId);
    if (!pass) throw refusal(404, 'invalid_pass_id', 'Invalid pass ID');
    return pass;
  }
}
