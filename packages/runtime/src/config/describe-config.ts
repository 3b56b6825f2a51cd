// A configuration for people: each key with its value and where it came from. A secret that is set
// is never shown.

import { type ConfigKey, type ConfigValues, configKeys } from '@ndts/protocol';
import { sourceOf } from './config-sources.js';

export interface ConfigDescription {
  readonly key: string;
  readonly value: string;
  /** `default`, file and line, the variable or the flag. */
  readonly source: string;
}

/** @param keys what to describe; a test hands in its own. */
export function describeConfig(
  values: ConfigValues,
  keys: readonly ConfigKey[] = configKeys,
): ConfigDescription[] {
  return keys.map((key) => {
    const value = valueAt(values, key.key);
    const text = Array.isArray(value) ? value.join(',') : String(value);
    return {
      key: key.key,
      value: key.secret && text !== '' ? '***' : text,
      source: sourceOf(values, key.key) ?? 'program',
    };
  });
}

function valueAt(values: ConfigValues, key: string): unknown {
  let node: unknown = values;
  for (const name of key.split('.')) node = (node as Record<string, unknown>)[name];
  return node;
}
