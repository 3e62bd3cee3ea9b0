import { BadRequestException, Controller, Delete, Get, HttpCode, Param, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readControlBody } from './control-body.js';
import { countDown, fail, nameOf } from './webhook-failure.js';
import { examine, isTooLong, keep, WebhookReceivers, type Receiver } from './webhook-receivers.js';
import { FailureBody, ReceiverBody } from './webhook-requests.js';

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const TAKEN = 204;
const UNVERIFIED = 401;
const TOO_LONG = 413;
/** The mode that a member of `fail` belongs to. */
const MEMBER_MODES = { status: 'status', retryAfterSeconds: 'status', delayMs: 'slow' } as const;

/** Receives webhooks like a partner does, shows what came and whether its signature was right, and fails on demand. */
@Controller('_sandbox/webhook-receiver/:name')
export class WebhookReceiverController {
  constructor(private readonly receivers: WebhookReceivers) {}

  @Post()
  receive(@Param('name') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const receiver = this.receiver(name);
    const body = typeof request.body === 'string' ? request.body : '';
    const seen = examine(receiver, request.headers, body);
    const status = statusOf(receiver, seen.verified, body);
    const { failure } = receiver;
    keep(receiver, { ...seen, answered: failure === null ? status : nameOf(failure) });
    if (failure === null) {
      void reply.code(status).send(status === TAKEN ? undefined : { problem: seen.problem });
      return;
    }
    receiver.failure = countDown(failure);
    fail(reply, failure, status);
  }

  /** The secrets are only counted. */
  @Get()
  show(@Param('name') name: string): object {
    const { secrets, failure, received } = this.receivers.find(checked(name)) ?? {
      secrets: [],
      failure: null,
      received: [],
    };
    return { name, secrets: secrets.length, fail: failure, received };
  }

  @Put()
  set(@Param('name') name: string, @Req() request: FastifyRequest): object {
    checked(name);
    const { secrets, fail: failure } = readControlBody(ReceiverBody, request);
    if (failure) assertFits(failure);
    const receiver = this.receiver(name);
    if (secrets !== undefined) receiver.secrets = secrets;
    if (failure !== undefined) receiver.failure = failure;
    return this.show(name);
  }

  /** Removes the receiver: what came, its secrets and its failure. */
  @Delete()
  @HttpCode(200)
  remove(@Param('name') name: string): object {
    return { cleared: this.receivers.remove(checked(name)) };
  }

  private receiver(name: string): Receiver {
    const receiver = this.receivers.findOrMake(checked(name));
    if (receiver === null) throw refused('name', 'too many receivers: delete one first');
    return receiver;
  }
}

/** A receiver without a secret takes everything, so that a request can be looked at before anything is verified. */
function statusOf({ secrets }: Receiver, isVerified: boolean, body: string): number {
  if (isTooLong(body)) return TOO_LONG;
  return isVerified || secrets.length === 0 ? TAKEN : UNVERIFIED;
}

/** @throws BadRequestException for a member that means nothing in this mode: it would be a misunderstanding */
function assertFits(failure: FailureBody): void {
  for (const [member, mode] of Object.entries(MEMBER_MODES)) {
    const isGiven = Object.entries(failure).some(([name, value]) => name === member && value !== undefined);
    if (isGiven && failure.mode !== mode) throw refused(`fail.${member}`, `belongs to the mode "${mode}"`);
  }
}

function checked(name: string): string {
  if (NAME.test(name)) return name;
  throw refused('name', 'must be 1 to 64 letters, digits, hyphens or underscores');
}

function refused(member: string, problem: string): BadRequestException {
  return new BadRequestException({ problems: { [member]: problem } });
}
