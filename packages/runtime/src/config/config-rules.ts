// What a configuration value must be beyond its declared type: shared by the few keys that need it.
// Every rule says what it expects in words that fit behind "expected".

import { type ConfigKey, parseMoney } from '@ndts/protocol';

export interface ConfigRule {
  readonly keys: readonly string[];
  readonly expected: string;
  accepts(value: string | number): boolean;
}

export const configRules: readonly ConfigRule[] = [
  {
    keys: ['cluster.shards', 'storage.ringSlots'],
    expected: 'a power of two',
    accepts: (value) => typeof value === 'number' && Number.isInteger(Math.log2(value)),
  },
  {
    keys: ['risk.maxPosition', 'risk.maxOrderValue', 'risk.maxDailyLoss'],
    expected: 'a decimal number of at least 0, at most 8 decimals',
    accepts: (value) => isMoney(value, 0n),
  },
  {
    keys: ['risk.dayStart'],
    expected: 'hours and minutes, as 17:30',
    accepts: (value) => typeof value === 'string' && /^([01]\d|2[0-3]):[0-5]\d$/.test(value),
  },
  {
    keys: ['risk.dayZone'],
    expected: 'a time zone, as Europe/Berlin',
    accepts: (value) => typeof value === 'string' && isZone(value),
  },
  {
    keys: ['strategy.quantity'],
    expected: 'a decimal number above 0, at most 8 decimals',
    accepts: (value) => isMoney(value, 1n),
  },
  {
    keys: ['dataDir', 'node.host', 'postgres.host', 'exec.account'],
    expected: 'text that is not empty',
    accepts: (value) => typeof value === 'string' && value.trim() !== '',
  },
  {
    keys: ['node.id'],
    expected: 'letters, digits, dots, dashes and underscores, at most 64',
    accepts: (value) => typeof value === 'string' && /^[A-Za-z0-9._-]{0,64}$/.test(value),
  },
];

export function ruleOf(key: string): ConfigRule | undefined {
  return configRules.find(({ keys }) => keys.includes(key));
}

/** Text that is a decimal number: files may write it without quotes. */
export function isDecimalKey(key: string): boolean {
  return ruleOf(key)?.expected.startsWith('a decimal number') === true;
}

/** What the declaration of a key asks for, in words. */
export function expectedOf(key: ConfigKey): string {
  if (key.type === 'enum') return `one of ${(key.values ?? []).join(', ')}`;
  if (key.type === 'boolean') return 'true or false';
  if (key.type === 'list') return 'a list of texts';
  const rule = ruleOf(key.key);
  if (key.type === 'string') return rule?.expected ?? 'text';
  const noun = key.type === 'integer' ? 'an integer' : 'a number';
  const what = rule === undefined ? noun : rule.expected;
  if (key.min !== undefined && key.max !== undefined)
    return `${what} from ${key.min} to ${key.max}`;
  if (key.min !== undefined) return `${what} of at least ${key.min}`;
  return key.max === undefined ? what : `${what} of at most ${key.max}`;
}

function isMoney(value: string | number, atLeast: bigint): boolean {
  if (typeof value !== 'string') return false;
  try {
    return parseMoney(value) >= atLeast;
  } catch {
    return false;
  }
}

function isZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
