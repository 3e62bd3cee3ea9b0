import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Only the owner of a table may analyse it, and before PostgreSQL 17 nobody can be given that right: the role of the
 * gateway was answered with a warning, and its statements kept the plans of an empty table.
 */
const ANALYSE = `
create function analyse_tables(names text[]) returns void language plpgsql security definer set search_path from current as $$
declare
  name text;
begin
  foreach name in array names loop
    if name = any (array['transactions', 'resources', 'notifications', 'provider_balances']) then
      execute format('analyze %I', name);
    end if;
  end loop;
end $$;
`;

export class Analyse1795226000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ANALYSE);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
