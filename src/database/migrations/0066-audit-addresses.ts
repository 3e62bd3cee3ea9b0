import type { MigrationInterface, QueryRunner } from 'typeorm';

/** References are compared in Unicode's composed form, so those from before get it. */
const REFERENCES = `
do $$ begin
  -- In another encoding PostgreSQL has no normal forms.
  if current_setting('server_encoding') = 'UTF8' then
    update transactions t set reference = normalize(t.reference)
    where t.reference is not nfc normalized and not exists (
      select from transactions o
      where o.reference_scope = t.reference_scope and o.type = t.type and o.id <> t.id
        and normalize(o.reference) = normalize(t.reference));
  end if;
end $$;
`;

/** Where operators' requests came from. */
const ADDRESSES = `alter table audit_log add column address text`;

/** The audit log knows addresses. */
export class AuditAddresses1795227000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [REFERENCES, ADDRESSES]) await runner.query(statement);
  }

  /** Forward only: a ledger is never rolled back by dropping it. */
  down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only: restore a backup instead'));
  }
}
