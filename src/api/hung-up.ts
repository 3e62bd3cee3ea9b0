import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

/** A signal that is aborted when the client closes the connection before it has the response. */
export const HungUp = createParamDecorator((_data: undefined, context: ExecutionContext): AbortSignal => {
  const hungUp = new AbortController();
  const { raw } = context.switchToHttp().getResponse<FastifyReply>();
  raw.once('close', () => hungUp.abort());
  return hungUp.signal;
});
