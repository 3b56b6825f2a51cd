// The configuration of a process: defaults, then a file, then NDTS_ variables, then flags, each
// over the one before. Always: what is returned is complete, valid and frozen; a name nobody
// declared is refused with the nearest one that is.

import { type ConfigKey, type ConfigValues, NdtsError, configKeys } from '@ndts/protocol';
import { type ConfigSetting, readConfigFile } from './config-file.js';
import { rememberSources } from './config-sources.js';
import { type ConfigValue, readValue } from './config-value.js';
import { nearestName } from './nearest-name.js';

export interface ConfigInput {
  /** Flags without their dashes: `{ 'cluster.shards': '8' }`. */
  readonly args: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A .yaml, .yml or .toml file. */
  readonly file?: string;
}

const environmentPrefix = 'NDTS_';
/** Variables for the tests of NDTS; no key of the configuration. */
const testPrefix = 'NDTS_TEST_';
/** Secrets, which are no keys: what is no value of the configuration is never shown with it. */
export const secretPrefix = 'NDTS_SECRET_';

const keysByName = new Map(configKeys.map((key) => [key.key, key]));
const keysByVariable = new Map(configKeys.map((key) => [environmentName(key.key), key]));

/** NDTS_CLUSTER_LEASE_TTL_MS for cluster.leaseTtlMs. */
export function environmentName(key: string): string {
  const words = key.replaceAll('.', '_').replace(/[A-Z]/g, (letter) => `_${letter}`);
  return environmentPrefix + words.toUpperCase();
}

export function loadConfig(input: ConfigInput): ConfigValues {
  const values = new Map<string, ConfigValue>(configKeys.map((key) => [key.key, key.default]));
  const sources = new Map<string, string>(configKeys.map((key) => [key.key, 'default']));
  const apply = (setting: ConfigSetting, key: ConfigKey, origin: 'text' | 'file'): void => {
    values.set(key.key, readValue(key, setting, origin));
    sources.set(key.key, setting.source);
  };
  const fileSettings = input.file === undefined ? [] : readConfigFile(input.file);
  for (const setting of fileSettings) apply(setting, knownKey(setting), 'file');
  for (const [variable, value] of Object.entries(input.environment)) {
    if (value === undefined || !variable.startsWith(environmentPrefix)) continue;
    if (variable.startsWith(testPrefix) || variable.startsWith(secretPrefix)) continue;
    apply({ key: variable, value, source: variable }, keyOfVariable(variable), 'text');
  }
  for (const [name, value] of Object.entries(input.args)) {
    const setting = { key: name, value, source: `--${name}` };
    apply(setting, knownKey(setting), 'text');
  }
  const config = nest(values);
  rememberSources(config, sources);
  return config;
}

/** The variables of the environment that are secrets. */
export function secretsOf(environment: ConfigInput['environment']): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  for (const [variable, value] of Object.entries(environment))
    if (variable.startsWith(secretPrefix) && value !== undefined) secrets.set(variable, value);
  return secrets;
}

function knownKey(setting: ConfigSetting): ConfigKey {
  const key = keysByName.get(setting.key);
  if (key !== undefined) return key;
  throw unknownKey(`'${setting.key}' (${setting.source})`, setting.key, keysByName.keys());
}

function keyOfVariable(variable: string): ConfigKey {
  const key = keysByVariable.get(variable);
  if (key !== undefined) return key;
  throw unknownKey(`the variable ${variable}`, variable, keysByVariable.keys());
}

function unknownKey(what: string, name: string, known: Iterable<string>): NdtsError {
  const nearest = nearestName(name, known);
  const proposal = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return new NdtsError('CONFIG_UNKNOWN_KEY', `${what} is no configuration key${proposal}`);
}

/** `a.b` becomes `{ a: { b } }`. Every declared key is there, which is what ConfigValues says. */
function nest(values: ReadonlyMap<string, ConfigValue>): ConfigValues {
  const root: Record<string, unknown> = {};
  for (const [key, value] of values) {
    const names = key.split('.');
    const leaf = names.pop() as string;
    let node = root;
    for (const name of names) {
      node[name] ??= {};
      node = node[name] as Record<string, unknown>;
    }
    node[leaf] = Array.isArray(value) ? Object.freeze([...value]) : value;
  }
  for (const node of Object.values(root)) Object.freeze(node);
  return Object.freeze(root) as unknown as ConfigValues;
}
