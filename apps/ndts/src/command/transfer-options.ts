// What the options of `ndts import` and `ndts export` have in common: texts made into what storage
// takes.

import { NdtsError, type Time, timeFromMs } from '@ndts/protocol';

/** `a=b,c=d` as an object; a comma inside a value ends it. Given more than once: together. */
export function collectPairs(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const pairs = { ...before };
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, Math.max(0, equals)).trim();
    if (name === '')
      throw new NdtsError('INVALID_ARGUMENT', `expected name=value, found '${part}'`);
    pairs[name] = part.slice(equals + 1).trim();
  }
  return pairs;
}

export function splitList(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

export function parseWhole(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 0 || text.trim() === '')
    throw new NdtsError('INVALID_ARGUMENT', `expected a whole number from 0, found '${text}'`);
  return count;
}

const instant = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?Z?)?$/;

/** ISO text in UTC, with nanoseconds. */
export function parseInstant(text: string): Time {
  const found = instant.exec(text.trim());
  const ms = Date.parse(`${found?.[1] ?? ''}T${found?.[2] ?? '00:00'}Z`);
  if (found === null || !Number.isFinite(ms))
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `expected a time like 2024-01-02 or 2024-01-02T09:30:00.123456789, found '${text}'`,
    );
  const { day, nsOfDay } = timeFromMs(ms);
  return { day, nsOfDay: nsOfDay + Number((found[3] ?? '').padEnd(9, '0')) };
}
