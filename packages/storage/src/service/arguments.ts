// What came from another process, looked at once: what passes is of the type it should be. What a
// value means is for whoever uses it, the engine above all.

import { NdtsError, type Time } from '@ndts/protocol';

type Given = Readonly<Record<string, unknown>>;

function refuse(name: string, wanted: string): never {
  throw new NdtsError('INVALID_ARGUMENT', `${name}: expected ${wanted}`);
}

export function record(value: unknown, name: string): Given {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Given;
  return refuse(name, 'an object');
}

export function text(value: unknown, name: string): string {
  return typeof value === 'string' ? value : refuse(name, 'a text');
}

export function whole(value: unknown, name: string, least: number, most: number): number {
  const fits = typeof value === 'number' && Number.isSafeInteger(value);
  if (fits && value >= least && value <= most) return value;
  return refuse(name, `a whole number from ${least} to ${most}`);
}

export function list<T>(
  value: unknown,
  name: string,
  each: (one: unknown, name: string) => T,
): readonly T[] {
  return Array.isArray(value) ? value.map((one) => each(one, name)) : refuse(name, 'a list');
}

export function texts(value: unknown, name: string): readonly string[] | undefined {
  return value === undefined ? undefined : list(value, name, text);
}

export function time(value: unknown, name: string): Time | undefined {
  if (value === undefined) return undefined;
  const { day, nsOfDay } = record(value, name);
  if (typeof day === 'number' && typeof nsOfDay === 'number') return { day, nsOfDay };
  return refuse(name, 'a time: { day, nsOfDay }');
}

export function times(asked: Given): { from?: Time; to?: Time } {
  const from = time(asked['from'], 'from');
  const to = time(asked['to'], 'to');
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

type Typed<T> = new (length: number) => T;

/** An array of that type with `count` elements. */
export function array<T extends { readonly length: number }>(
  value: unknown,
  type: Typed<T>,
  count: number,
  name: string,
): T {
  if (value instanceof type && value.length === count) return value;
  return refuse(name, `a ${type.name} of ${count}`);
}
