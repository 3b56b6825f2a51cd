// Where each value of a loaded configuration came from, kept beside it so that the values
// themselves stay plain.

import type { ConfigValues } from '@ndts/protocol';

const sourcesOf = new WeakMap<ConfigValues, ReadonlyMap<string, string>>();

export function rememberSources(values: ConfigValues, sources: ReadonlyMap<string, string>): void {
  sourcesOf.set(values, sources);
}

/** `default`, `file:line`, the variable or the flag; undefined for values not from loadConfig. */
export function sourceOf(values: ConfigValues, key: string): string | undefined {
  return sourcesOf.get(values)?.get(key);
}
