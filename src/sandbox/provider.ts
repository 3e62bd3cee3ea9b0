import { type DynamicModule } from '@nestjs/common';
import { type EnvironmentReader } from './environment-reader.js';
import { type NotificationTarget } from './notification-target.js';

export type Variables = Readonly<Record<string, string>>;

/** A provider that the sandbox simulates: what its folder exports. */
export interface SimulatedProvider {
  /** The name in the control API. */
  readonly name: string;
  /** The environment variables with which a gateway reaches the provider at this sandbox. */
  readonly env: (url: string) => Variables;
  /** The values of `env` that a gateway must never log. */
  readonly secrets: readonly string[];
  /** Reads the provider's own settings and returns its module with them. Without a target it sends no notifications. */
  readonly module: (read: EnvironmentReader, notifications?: NotificationTarget) => DynamicModule;
}
