import { Injectable } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Answer, Refusal } from './answer.js';
import { CallLog } from './call-log.js';
import { type Call, type Provider, readCall } from './call.js';
import { executes, type Fault, FaultBook } from './faults.js';
import { Interruption } from './magic-inputs.js';
import { deliver, type ErrorAnswer } from './fault-delivery.js';

/** What a provider does with a request: an answer, and what a magic input wants done to that answer. */
export interface Outcome {
  readonly answer?: Answer;
  readonly fault?: Fault | undefined;
  /** Nothing was executed, and the answer says why. */
  readonly refused?: boolean;
}

export interface Route {
  readonly provider: Provider;
  readonly operation: string;
  readonly error: ErrorAnswer;
  /** Refuses before anything else is looked at. */
  readonly gate?: (call: Call) => Answer | undefined;
}

export type Handler = (call: Call) => Outcome | Promise<Outcome>;

/** The one road of every request to a provider: note it, apply an ordered fault, execute it, deliver the answer. */
@Injectable()
export class Exchange {
  constructor(
    private readonly calls: CallLog,
    private readonly faults: FaultBook,
  ) {}

  async run(route: Route, request: FastifyRequest, reply: FastifyReply, handler: Handler): Promise<void> {
    const call = readCall(route.provider, route.operation, request);
    this.calls.add(call);
    const stopped = route.gate?.(call);
    if (stopped) return deliver(reply, stopped, undefined, route.error);

    const ordered = this.faults.take(call);
    const outcome = ordered && !executes(ordered) ? { fault: ordered } : await execute(handler, call);
    // A refusal may get lost on its way like any answer; only no fault makes a success of it.
    const isLie = outcome.refused === true && ordered?.kind === 'empty-204';
    deliver(reply, outcome.answer, outcome.fault ?? (isLie ? undefined : ordered), route.error);
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
