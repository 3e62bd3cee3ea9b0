import type { MigrationInterface, QueryRunner } from 'typeorm';
import { readSchemaFiles, type SchemaFile } from '../schema-files.js';

/** The schema of the first release: the files in src/database/schema. */
export class Baseline1795231600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const file of readSchemaFiles()) await runFile(runner, file);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}

/** Runs a complete file at once: PostgreSQL accepts several statements in one query without parameters. */
async function runFile(runner: QueryRunner, { name, text }: SchemaFile): Promise<void> {
  try {
    await runner.query(text);
  } catch (error) {
    throw new Error(`src/database/schema/${name}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
