// One configuration value from outside made what its key declares, or refused. Text (environment,
// flags) is parsed; a file's value must have the right type already.

import { type ConfigKey, NdtsError } from '@ndts/protocol';
import type { ConfigSetting } from './config-file.js';
import { expectedOf, isDecimalKey, ruleOf } from './config-rules.js';

export type ConfigValue = string | number | boolean | readonly string[];

export function readValue(
  key: ConfigKey,
  setting: ConfigSetting,
  origin: 'text' | 'file',
): ConfigValue {
  const value = origin === 'text' ? fromText(key, String(setting.value)) : fromFile(key, setting);
  if (value === undefined || !isInRange(key, value)) throw invalid(key, setting);
  return value;
}

function fromText(key: ConfigKey, text: string): ConfigValue | undefined {
  if (key.type === 'integer' || key.type === 'number') return numberFromText(text);
  if (key.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  if (key.type === 'list') {
    const items = text.split(',').map((item) => item.trim());
    return items.filter((item) => item !== '');
  }
  return text;
}

function numberFromText(text: string): number | undefined {
  const digits = text.trim().replaceAll('_', '');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(digits) ? Number(digits) : undefined;
}

function fromFile(key: ConfigKey, setting: ConfigSetting): ConfigValue | undefined {
  const { value } = setting;
  if (key.type === 'integer' || key.type === 'number')
    return typeof value === 'number' ? value : undefined;
  if (key.type === 'boolean') return typeof value === 'boolean' ? value : undefined;
  if (key.type === 'list') {
    const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
    return isList ? [...(value as string[])] : undefined;
  }
  if (typeof value === 'number' && isDecimalKey(key.key)) return exactText(value);
  return typeof value === 'string' ? value : undefined;
}

/** An unquoted decimal number, when float64 has not changed what was written: 15 digits hold. */
function exactText(value: number): string | undefined {
  const text = String(value);
  return /^[+-]?[\d.]+$/.test(text) && text.replace(/\D/g, '').length <= 15 ? text : undefined;
}

function isInRange(key: ConfigKey, value: ConfigValue): boolean {
  if (key.type === 'enum') return (key.values ?? []).includes(String(value));
  if (key.type === 'integer' && !Number.isSafeInteger(value)) return false;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return false;
    if (key.min !== undefined && value < key.min) return false;
    if (key.max !== undefined && value > key.max) return false;
  }
  const rule = ruleOf(key.key);
  if (rule === undefined || (typeof value !== 'number' && typeof value !== 'string')) return true;
  return rule.accepts(value);
}

function invalid(key: ConfigKey, setting: ConfigSetting): NdtsError {
  const found = key.secret ? 'another value' : `'${textOf(setting.value)}'`;
  return new NdtsError(
    'CONFIG_INVALID_VALUE',
    `${key.key} (${setting.source}): expected ${expectedOf(key)}, found ${found}`,
  );
}

function textOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
