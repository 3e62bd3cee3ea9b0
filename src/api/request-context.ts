import 'fastify';
import type { Problem } from '../common/problem.js';

/** What is known of one request besides what it carries; for the access log and for checks that come later. */
export interface RequestContext {
  /** W3C trace id, when the caller sent a valid `traceparent`. */
  readonly traceId: string | null;
  /** The client's address, as `TRUST_PROXY` lets it be known. */
  readonly address: string;
  /** `Content-Type` as it was sent; empty: none. */
  contentType: string;
  /** `performance.now()` at its arrival. */
  readonly startedAtMs: number;
  /** Public ids of who called, once known; nothing else of them is logged. */
  actor: { readonly appId?: string; readonly keyId?: string; readonly operatorId?: string };
  /** It is one of those under way that admission counts. */
  isCounted: boolean;
  /** Code of the problem that was answered. */
  problemCode: string | null;
  /** The body could not be read: told only after the caller is known to be somebody. */
  bodyProblem: Problem | null;
  /** What was understood of such a body: text, or a JSON value. */
  unreadBody: unknown;
}

declare module 'fastify' {
  interface FastifyRequest {
    gateway: RequestContext;
  }
  interface FastifyContextConfig {
    /** The handler gets the body as a Buffer, whatever its content type. */
    rawBody?: boolean;
    /** The handler reads a form by itself. */
    multipart?: boolean;
    /** Instead of the general limit. */
    bodyLimitBytes?: number;
  }
}
