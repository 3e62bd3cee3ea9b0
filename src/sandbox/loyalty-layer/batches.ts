import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Answer, json, Refusal } from '../answer.js';
import { randomDelayMs } from '../delays.js';
import { type Outcome } from '../exchange.js';
import { MagicInputs } from '../magic-inputs.js';
import { isObject, parse, readJson } from '../parse.js';
import { SandboxSettings } from '../settings.js';
import { invalidRequest } from './errors.js';
import { type BatchShape, type Magic } from './magic.js';
import { Passes } from './passes.js';
import { planOf } from './plans.js';
import { type BatchBody, CreateBody } from './requests.js';

/** The answer to one item. The shape is assumed: the guide shows no answer to a batch. */
interface Result {
  readonly index: number;
  readonly shape: BatchShape | undefined;
  readonly body: object;
}

/** Many passes in one call. Each succeeds or fails by itself. */
@Injectable()
export class Batches {
  constructor(
    private readonly settings: SandboxSettings,
    private readonly passes: Passes,
    private readonly magicInputs: MagicInputs,
  ) {}

  create({ passes }: BatchBody): Outcome {
    const magics = passes.map(magicIn);
    const found = magics.find(({ fault, batchFault }) => fault ?? batchFault);
    const fault = this.magicInputs.meet(found?.batchFault ?? found?.fault, `batch ${JSON.stringify(passes)}`);
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

/** The effects that the item's plan requests; none if the plan is unknown. */
function magicIn(item: unknown): Magic {
  if (!isObject(item) || typeof item.plan_id !== 'string') return {};
  try {
    return planOf(item.plan_id).magic;
  } catch {
    return {};
  }
}

/** Makes the list that is sent. Magic inputs remove results, add surplus ones, or change the order. */
function arrange(results: readonly Result[]): object[] {
  const sent = results
    .filter(({ shape }) => shape !== 'missing')
    .map(({ index, body }): object => ({ index, ...body }));
  if (results.some(({ shape }) => shape === 'surplus')) {
    sent.push({ index: results.length, success: true, pass_id: `pass_${randomUUID()}`, status: 'active' });
  }
  return results.some(({ shape }) => shape === 'reorder') ? sent.reverse() : sent;
}
