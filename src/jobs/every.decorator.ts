import { SetMetadata } from '@nestjs/common';

export const EVERY_MS = Symbol('every ms');

/** Work of a job. `ending` is aborted at shutdown: a long run checks it between two steps, and returns early. */
export type Work = (ending: AbortSignal) => void | Promise<void>;

/** Makes a method of a provider a job that runs every `ms` milliseconds; see `Jobs`. */
export function Every(ms: number) {
  return <W extends Work>(target: object, name: string, descriptor: TypedPropertyDescriptor<W>): void => {
    SetMetadata(EVERY_MS, ms)(target, name, descriptor);
  };
}
