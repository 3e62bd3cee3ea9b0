/** One environment variable, as `.env.example` shows it. */
export interface Variable {
  /** What it sets, in plain text; empty where the name says it all. */
  readonly text: string;
  /** The default, as `.env.example` writes it; absent: unset. */
  readonly default?: string;
  /** Its value may also come from the file that `<NAME>_FILE` names, and is never shown. */
  readonly secret?: true;
}

export interface VariableGroup {
  readonly title: string;
  readonly variables: Readonly<Record<string, Variable>>;
}
