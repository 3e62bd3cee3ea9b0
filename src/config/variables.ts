/** An environment variable, as shown in `.env.example`. */
export interface Variable {
  /** Its meaning; empty when the name says enough. */
  readonly text: string;
  /** The default in `.env.example`; absent: unset. */
  readonly default?: string;
  /** Its value may also come from the file of `<NAME>_FILE`, and is never shown. */
  readonly secret?: true;
}

export interface VariableGroup {
  readonly title: string;
  readonly variables: Readonly<Record<string, Variable>>;
}
