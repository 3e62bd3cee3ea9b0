import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type Answer, json, Refusal } from '../answer.js';
import { type Outcome } from '../exchange.js';
import { isObject, parse, readJson } from '../parse.js';
import { randomDelayMs, SETTINGS, type SandboxSettings } from '../settings.js';
import { Tricks } from '../magic-inputs.js';
import { invalidRequest } from './errors.js';
import { Passes } from './passes.js';
import { type BatchShape, type PlanMagic, planOf } from './plans.js';
import { type BatchBody, CreateBody } from './requests.js';

/** One item's answer. The guide shows no reply of a batch: this shape is assumed. */
interface Result {
  readonly index: number;
  readonly shape: BatchShape | undefined;
  readonly body: object;
}

/** Many passes in one call, each of which succeeds or fails by itself. */
@Injectable()
export class Batches {
  constructor(
    @Inject(SETTINGS) private readonly settings: SandboxSettings,
    private readonly passes: Passes,
    private readonly tricks: Tricks,
  ) {}

  create({ passes }: BatchBody): Outcome {
    const magics = passes.map(magicOf);
    const found = magics.find(({ trick, batchTrick }) => trick ?? batchTrick);
    const fault = this.tricks.meet(found?.batchTrick ?? found?.trick, `batch ${JSON.stringify(passes)}`);
    const results = passes.map((item, index) => this.issue(item, index, magics[index]?.batchShape));
    const answer = json(200, { results: arrange(results) });
    return { answer: { ...answer, afterMs: randomDelayMs(this.settings.upstreamDelayMs) }, fault };
  }

  private issue(item: unknown, index: number, shape: BatchShape | undefined): Result {
    const answer = this.answerTo(item);
    const content = readJson(answer.body);
    const body =
      answer.status === 200 && isObject(content) ? { success: true, ...content } : { success: false, error: content };
    return { index, shape, body };
  }

  private answerTo(item: unknown): Answer {
    try {
      const parsed = parse(CreateBody, item);
      if (!parsed.ok) throw invalidRequest(parsed.problems);
      return this.passes.issue(parsed.value, true);
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      throw error;
    }
  }
}

/** What the item's plan asks for; nothing when the plan is not known. */
function magicOf(item: unknown): PlanMagic {
  if (!isObject(item) || typeof item.plan_id !== 'string') return {};
  try {
    return planOf(item.plan_id).magic;
  } catch {
    return {};
  }
}

/** The list as it is sent: an item may be left out, one too many may be there, and the order may be another. */
function arrange(results: readonly Result[]): object[] {
  const sent = results
    .filter(({ shape }) => shape !== 'missing')
    .map(({ index, body }): object => ({ index, ...body }));
  if (results.some(({ shape }) => shape === 'surplus')) {
    sent.push({ index: results.length, success: true, pass_id: `pass_${randomUUID()}`, status: 'active' });
  }
  return results.some(({ shape }) => shape === 'reorder') ? sent.reverse() : sent;
}
