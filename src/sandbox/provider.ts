export type Environment = Readonly<Record<string, string>>;

/** A provider that the sandbox simulates. */
export interface SimulatedProvider {
  /** As the control API names it, such as `latam-pass`. */
  readonly name: string;
  /** The environment variables with which a gateway reaches the provider at this sandbox. */
  readonly env: (url: string) => Environment;
}
