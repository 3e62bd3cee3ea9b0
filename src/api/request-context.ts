import 'fastify';
import type { Problem } from '../common/problem.js';

/** Data about one request, for the access log and for later checks. */
export interface RequestContext {
  /** W3C trace id, when the caller sent a valid `traceparent`. */
  readonly traceId: string | null;
  /** The client's address; see `TRUST_PROXY`. */
  readonly address: string;
  /** `Content-Type` as received; empty: none. */
  contentType: string;
  /** `performance.now()` at its arrival. */
  readonly startedAtMs: number;
  /** Public ids of the authenticated caller. No other data of the caller is logged. */
  actor: { readonly appId?: string; readonly keyId?: string; readonly operatorId?: string };
  /** True while the load shedder counts the request. */
  isCounted: boolean;
  /** Code of the problem in the response. */
  problemCode: string | null;
  /** The fault of an unreadable body. It is reported only after the caller is authenticated. */
  bodyProblem: Problem | null;
  /** The readable part of such a body: text or a JSON value. */
  unreadBody: unknown;
}

declare module 'fastify' {
  interface FastifyRequest {
    gateway: RequestContext;
  }
  interface FastifyContextConfig {
    /** The handler gets the body as a Buffer, whatever its content type. */
    rawBody?: boolean;
    /** The handler reads the form itself. */
    multipart?: boolean;
    /** Replaces the general limit. */
    bodyLimitBytes?: number;
  }
}
