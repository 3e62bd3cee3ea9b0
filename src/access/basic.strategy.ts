import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { BasicStrategy } from 'passport-http';
import { Authenticator } from './authenticator.service.js';
import { readBasic } from './basic.js';
import type { AnyCaller } from './caller.js';

/** The Basic strategy of passport-http, which finds the header. `Authenticator` verifies the credentials. */
@Injectable()
export class AccessStrategy extends PassportStrategy(BasicStrategy, 'basic') {
  constructor(private readonly authenticator: Authenticator) {
    super({ passReqToCallback: true });
  }

  /** Reads the credentials from the header again, because passport-http cuts a password at its first colon. */
  async validate(request: FastifyRequest): Promise<AnyCaller | null> {
    const pair = readBasic(request);
    return pair === null ? this.authenticator.refuse(request) : this.authenticator.verify(pair, request);
  }
}
