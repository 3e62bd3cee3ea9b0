import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { withoutBootLines } from './boot-log.js';
import { type Environment } from './provider.js';
import { PROVIDERS } from './providers.js';
import { SandboxModule } from './sandbox.module.js';
import { type SandboxOptions, settle } from './settings.js';

export { type SandboxOptions } from './settings.js';

export interface RunningSandbox {
  /** Without a slash at the end. */
  readonly url: string;
  /** The environment variables with which a gateway reaches each provider, by the provider's name. */
  readonly reach: Readonly<Record<string, Environment>>;
  /** `reach` of all providers in one. */
  readonly env: Environment;
  stop(): Promise<void>;
}

/** Simulators of the three providers on one port. Any number of them may run in one process. */
export async function startSandbox(options: SandboxOptions): Promise<RunningSandbox> {
  const quiet = options.quiet ?? true;
  const start = (): Promise<NestFastifyApplication> => listen(options);
  const application = await (quiet ? withoutBootLines(start) : start());
  const url = await application.getUrl();
  const reach = Object.fromEntries(PROVIDERS.map(({ name, env }) => [name, env(url)]));
  const env = Object.fromEntries(Object.values(reach).flatMap((variables) => Object.entries(variables)));
  return { url, reach, env, stop: () => application.close() };
}

async function listen(options: SandboxOptions): Promise<NestFastifyApplication> {
  // Connections that hang on purpose would keep a graceful stop waiting for ever.
  const adapter = new FastifyAdapter({ forceCloseConnections: true });
  keepBodiesAsText(adapter);
  const application = await NestFactory.create<NestFastifyApplication>(SandboxModule.with(settle(options)), adapter, {
    abortOnError: false,
    bodyParser: false,
  });
  await application.listen(options.port, options.host);
  return application;
}

/** Each provider reads bodies in its own way, and answers a bad one in its own words. */
function keepBodiesAsText(adapter: FastifyAdapter): void {
  const server = adapter.getInstance();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
}
