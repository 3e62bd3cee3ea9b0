import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createAdapter } from '../api/adapter.js';
import { createDocument } from '../api/document.js';
import { Lifecycle } from '../api/lifecycle.js';
import { AppModule } from '../app.module.js';
import { readConfig } from '../config/config.js';
import { createDataSource } from '../database/data-source.js';

/** `node dist/cli/openapi.js [file]` writes the OpenAPI document to the file or to stdout. It needs no database. */
const lifecycle = new Lifecycle();
const { config } = readConfig({});
const source = createDataSource('postgres://nobody@127.0.0.1:1/none');
const app = await NestFactory.create<NestFastifyApplication>(
  AppModule.register({ config, source, lifecycle }),
  createAdapter(lifecycle, config),
  // Nest reads the modules without creating their providers.
  { preview: true, logger: false, abortOnError: false },
);
const text = `${JSON.stringify(createDocument(app), null, 2)}\n`;
const file = process.argv[2];
if (file === undefined) process.stdout.write(text);
else writeFileSync(file, text);
