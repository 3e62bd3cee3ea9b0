import { RouteConfig } from '@nestjs/platform-fastify';

/**
 * The route's `@Body()` is the request's bytes as a Buffer, whatever the content type says (undefined for none). More
 * than `limitBytes` is answered 413.
 */
export function RawBody(limitBytes: number): MethodDecorator & ClassDecorator {
  return RouteConfig({ rawBody: true, bodyLimitBytes: limitBytes });
}

/** Another limit than the general one for the JSON body of this route, in bytes; more is answered 413. */
export function BodyLimit(limitBytes: number): MethodDecorator & ClassDecorator {
  return RouteConfig({ bodyLimitBytes: limitBytes });
}

/** This route also takes `multipart/form-data`, which its handler reads as it arrives. */
export function Multipart(): MethodDecorator & ClassDecorator {
  return RouteConfig({ multipart: true });
}
