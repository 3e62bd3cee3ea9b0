import { Injectable } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Answer, Refusal } from './answer.js';
import { CallLog } from './call-log.js';
import { type Call, readCall } from './call.js';
import { deliver, type ErrorAnswer } from './fault-delivery.js';
import { executes, type Fault, FaultBook } from './faults.js';
import { Interruption } from './magic-inputs.js';

/** The result of a request: the provider's answer, and the fault that a magic input requests. */
export interface Outcome {
  readonly answer?: Answer;
  readonly fault?: Fault | undefined;
  /** True when nothing was executed; the answer gives the reason. */
  readonly refused?: boolean;
}

export interface Route {
  readonly provider: string;
  readonly operation: string;
  readonly error: ErrorAnswer;
  /** Checks the request first. If it returns an answer, that answer is sent and nothing is executed. */
  readonly refuse?: (call: Call) => Answer | undefined;
}

export type Handler = (call: Call) => Outcome | Promise<Outcome>;

/** Handles every request to a provider: logs it, applies an ordered fault, executes it, delivers the answer. */
@Injectable()
export class Exchange {
  constructor(
    private readonly calls: CallLog,
    private readonly faults: FaultBook,
  ) {}

  async run(route: Route, request: FastifyRequest, reply: FastifyReply, handler: Handler): Promise<void> {
    const call = readCall(route.provider, route.operation, request);
    this.calls.add(call);
    const refusal = route.refuse?.(call);
    if (refusal) return deliver(reply, refusal, undefined, route.error);

    const ordered = this.faults.take(call);
    const outcome = ordered && !executes(ordered) ? { fault: ordered } : await execute(handler, call);
    // Every fault except this one applies to refusals too: a 204 would turn the refusal into a success.
    const wouldSucceed = outcome.refused === true && ordered?.kind === 'empty-204';
    deliver(reply, outcome.answer, outcome.fault ?? (wouldSucceed ? undefined : ordered), route.error);
  }
}

async function execute(handler: Handler, call: Call): Promise<Outcome> {
  try {
    return await handler(call);
  } catch (error) {
    if (error instanceof Refusal) return { answer: error.answer, refused: true };
    if (error instanceof Interruption) return { fault: error.fault };
    throw error;
  }
}
