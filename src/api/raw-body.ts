import { RouteConfig } from '@nestjs/platform-fastify';

/**
 * The route's `@Body()` is a Buffer of the request's bytes, whatever the content type; undefined without a body. More
 * than `limitBytes` is answered with 413.
 */
export function RawBody(limitBytes: number): MethodDecorator & ClassDecorator {
  return RouteConfig({ rawBody: true, bodyLimitBytes: limitBytes });
}

/**
 * The limit for the JSON body of this route, in bytes, instead of the general one. A larger body is answered with 413.
 */
export function BodyLimit(limitBytes: number): MethodDecorator & ClassDecorator {
  return RouteConfig({ bodyLimitBytes: limitBytes });
}

/** This route also accepts `multipart/form-data`, which its handler reads as a stream. */
export function Multipart(): MethodDecorator & ClassDecorator {
  return RouteConfig({ multipart: true });
}
