/** Types of PostgreSQL that rows in a JSON parameter use, and what each takes in JSON. */
interface JsonTypes {
  uuid: string;
  text: string;
  integer: number;
  /** Text keeps all digits. */
  bigint: string | number;
  numeric: string;
  boolean: boolean;
  jsonb: object;
  timestamptz: Date;
}

/** The fields of rows that a statement receives as one JSON parameter. */
export type JsonFields = Readonly<Record<string, keyof JsonTypes>>;

/** One such row: it has every field. `undefined` and null become SQL's null. */
export type JsonRow<Fields extends JsonFields> = {
  readonly [Name in keyof Fields]: JsonTypes[Fields[Name]] | null | undefined;
};

/** SQL for the rows in a parameter, e.g. `json_to_recordset($1::json) as r (id uuid, "appId" uuid)`. */
export function jsonRows(fields: JsonFields, parameter = '$1', alias = 'r'): string {
  const columns = Object.entries(fields).map(([name, type]) => `"${name}" ${type}`);
  return `json_to_recordset(${parameter}::json) as ${alias} (${columns.join(', ')})`;
}
