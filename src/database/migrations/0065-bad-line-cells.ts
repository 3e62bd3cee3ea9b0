import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a bad line says, so that it can be corrected; and what the file calls its columns (before: the gateway's names). */
const CELLS = `
alter table reconciliation_bad_lines add column cells text[];
comment on column reconciliation_bad_lines.cells is
  'of the columns that are read, in the order of the file; null in it: a cell that is not kept; null: the line has none that can be told';
update reconciliations r set format = r.format || jsonb_build_object('names', (
  select coalesce(jsonb_object_agg(name, name), '{}') from jsonb_object_keys(r.format->'columns') name))
where r.format is not null;
`;

export class BadLineCells1795226500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CELLS);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
