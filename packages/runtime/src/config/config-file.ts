// A configuration file as a flat list of settings with the place of each. YAML or TOML by
// extension.

import { extname } from 'node:path';
import { parseTomlText, parseYamlText, readText, unreadable, yaml } from './text-document.js';

export interface ConfigSetting {
  readonly key: string;
  readonly value: unknown;
  /** For people: where it was set. */
  readonly source: string;
}

export function readConfigFile(path: string): ConfigSetting[] {
  const extension = extname(path).toLowerCase();
  const text = readText(path);
  if (extension === '.yaml' || extension === '.yml') return readYaml(path, text);
  if (extension === '.toml') return readToml(path, text);
  throw unreadable(`expected a .yaml, .yml or .toml file, found ${path}`);
}

function readYaml(path: string, text: string): ConfigSetting[] {
  const { document, lines } = parseYamlText(path, text);
  const { isMap, isScalar } = yaml();
  const settings: ConfigSetting[] = [];
  const visit = (node: unknown, prefix: string): void => {
    if (!isMap(node)) throw unreadable(`${path}: expected keys with values at the top`);
    for (const { key, value } of node.items) {
      const name = prefix + String(isScalar(key) ? key.value : key);
      const line = isScalar(key) ? lines.linePos(key.range?.[0] ?? 0).line : 1;
      if (isMap(value)) visit(value, `${name}.`);
      else settings.push({ key: name, value: plainYaml(value), source: `${path}:${line}` });
    }
  };
  if (document.contents !== null) visit(document.contents, '');
  return settings;
}

function plainYaml(node: unknown): unknown {
  const convertible = node as { toJSON?: () => unknown } | null;
  return convertible?.toJSON === undefined ? node : convertible.toJSON();
}

function readToml(path: string, text: string): ConfigSetting[] {
  const settings: ConfigSetting[] = [];
  const visit = (part: object, prefix: string): void => {
    for (const [name, value] of Object.entries(part)) {
      const isTable =
        typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
      if (isTable && value !== null) visit(value, `${prefix}${name}.`);
      else settings.push({ key: prefix + name, value, source: path });
    }
  };
  visit(parseTomlText(path, text), '');
  return settings;
}
