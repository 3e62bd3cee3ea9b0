import 'reflect-metadata';
import { type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { withoutBootLines } from './boot-log.js';
import { type Environment, EnvironmentReader } from './environment-reader.js';
import { type NotificationTarget } from './notification-target.js';
import { type Variables } from './provider.js';
import { PROVIDER_NAMES, PROVIDERS } from './providers.js';
import { SandboxModule } from './sandbox.module.js';
import { SandboxSettings } from './settings.js';

/** Options of a sandbox. Host and port are read from `environment` when they are not given here. */
export interface SandboxOptions {
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port?: number;
  /** The file for the state, which then survives a restart. Without it the state is kept in memory. */
  readonly journalFile?: string;
  /** Targets of notifications by the provider's name. A provider without a target sends none; its caller must poll. */
  readonly notifications?: Readonly<Record<string, NotificationTarget>>;
  /** The variables of the READMEs; without it, all defaults apply. */
  readonly environment?: Environment;
}

export interface RunningSandbox {
  /** Without a slash at the end. */
  readonly url: string;
  /** The environment variables with which a gateway reaches each provider, by the provider's name. */
  readonly reach: Readonly<Record<string, Variables>>;
  /** `reach` of all providers in one. */
  readonly env: Variables;
  readonly stop: () => Promise<void>;
}

/** The environment has values that the sandbox cannot use; each problem names its variable. */
export class EnvironmentError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/**
 * Simulates all providers on one port. Any number of sandboxes may run in one process.
 * @throws EnvironmentError
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<RunningSandbox> {
  const { host, port, module } = prepare(options);
  const application = await withoutBootLines(() => listen(module, host, port));
  const url = await application.getUrl();
  const reach = Object.fromEntries(PROVIDERS.map(({ name, env }) => [name, env(url)]));
  const env = Object.fromEntries(Object.values(reach).flatMap((variables) => Object.entries(variables)));
  return { url, reach, env, stop: () => application.close() };
}

/** Reads all settings before the server starts. */
function prepare(options: SandboxOptions): { host: string; port: number; module: DynamicModule } {
  const read = new EnvironmentReader(options.environment ?? {});
  const host = options.host ?? read.host('SANDBOX_HOST', '127.0.0.1');
  const port = options.port ?? read.whole('SANDBOX_PORT', [0, 65_535], 0);
  const settings = new SandboxSettings(read, PROVIDER_NAMES, options.journalFile ?? read.text('SANDBOX_JOURNAL'));
  const modules = PROVIDERS.map((provider) => provider.module(read, options.notifications?.[provider.name]));
  if (read.problems.length > 0) throw new EnvironmentError(read.problems);
  return { host, port, module: SandboxModule.with(settings, modules) };
}

async function listen(module: DynamicModule, host: string, port: number): Promise<NestFastifyApplication> {
  // Connections that hang on purpose would delay a graceful stop forever.
  const adapter = new FastifyAdapter({ forceCloseConnections: true });
  keepBodiesAsText(adapter);
  const application = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    abortOnError: false,
    bodyParser: false,
  });
  await application.listen(port, host);
  return application;
}

/** Each provider reads bodies in its own way and has its own answer to a bad one. */
function keepBodiesAsText(adapter: FastifyAdapter): void {
  const server = adapter.getInstance();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
}
