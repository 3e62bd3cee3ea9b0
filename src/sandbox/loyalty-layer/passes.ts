import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type Answer, json } from '../answer.js';
import { type Effect } from '../effects.js';
import { type Outcome } from '../exchange.js';
import { Journal } from '../journal.js';
import { randomDelayMs, SETTINGS, type SandboxSettings } from '../settings.js';
import { type Table } from '../table.js';
import { Tricks } from '../magic-inputs.js';
import { Cards } from './cards.js';
import { invalidRequest, loyaltyLayerError, refusal } from './errors.js';
import { isCancelled, Pass, passBody, passEffects, type PassTurn } from './pass.js';
import { planOf } from './plans.js';
import { type CreateBody, type UpdateBody } from './requests.js';

const RETRY_AFTER_SECONDS = 1;

/** Passes. Every create that executes makes another pass: no mechanism of idempotency is documented. */
@Injectable()
export class Passes {
  private readonly passes: Table<Pass>;

  constructor(
    @Inject(SETTINGS) private readonly settings: SandboxSettings,
    journal: Journal,
    private readonly cards: Cards,
    private readonly tricks: Tricks,
  ) {
    this.passes = journal.table('pass', Pass);
  }

  create(body: CreateBody): Outcome {
    const { trick } = planOf(body.plan_id).magic;
    this.cards.check(body.enrol_token, planOf(body.plan_id).needsEnrolToken);
    const fault = this.tricks.meet(trick, `create ${JSON.stringify(body)}`);
    return { answer: { ...this.issue(body, false), afterMs: randomDelayMs(this.settings.upstreamDelayMs) }, fault };
  }

  /** One pass, alone or as an item of a batch: the pass, or the error that its plan asks for. */
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
    const cancelled = this.turn(this.live(passId), 'pass-cancel');
    return { answer: json(200, { pass_id: cancelled.id, status: 'cancelled' }) };
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
    if (isCancelled(pass)) throw refusal(409, 'already_cancelled', `Pass ${passId} is already cancelled.`);
    return pass;
  }

  private get(passId: string): Pass {
    const pass = this.passes.get(passId);
    if (!pass) throw refusal(404, 'invalid_pass_id', 'Invalid pass ID');
    return pass;
  }
}
