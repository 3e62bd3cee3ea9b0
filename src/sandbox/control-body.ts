import { BadRequestException } from '@nestjs/common';
import { type ClassConstructor } from 'class-transformer';
import type { FastifyRequest } from 'fastify';
import { parseJson } from './parse.js';

/** The body of a request to the control API. */
export function readControlBody<T extends object>(type: ClassConstructor<T>, request: FastifyRequest): T {
  const parsed = parseJson(type, typeof request.body === 'string' ? request.body : '');
  if (!parsed.ok) throw new BadRequestException({ problems: parsed.problems });
  return parsed.value;
}
