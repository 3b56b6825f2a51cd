// Parameters of a query: values beside its text, never in it.

import type { BoundValue, SqlParameter } from '@ndts/native/sql';
import { NdtsError, type Time, timeFromMs } from '@ndts/protocol';
import type { Literal } from './push-down.js';

export type SingleValue = null | boolean | number | bigint | string | Uint8Array | Date | Time;
/** A list has values of one kind, and nulls. */
export type ParameterValue = SingleValue | readonly SingleValue[];

type BoundSingle = Exclude<BoundValue, { kind: 'list' }>;

/** $1, $2 (or ?) in order, or $name by name. */
export type Parameters = readonly ParameterValue[] | Readonly<Record<string, ParameterValue>>;

const dayNs = 86_400_000_000_000n;

function isTime(value: object): value is Time {
  return 'day' in value && 'nsOfDay' in value;
}

function isList(value: ParameterValue): value is readonly SingleValue[] {
  return Array.isArray(value);
}

function bound(value: ParameterValue, name: string): BoundValue {
  if (!isList(value)) return boundSingle(value, name);
  let items = value.map((one) => boundSingle(one, name));
  let kinds = new Set(items.map(({ kind }) => kind));
  kinds.delete('null');
  if (kinds.size === 2 && kinds.has('i64') && kinds.has('f64')) {
    items = items.map((one) =>
      one.kind === 'i64' ? { kind: 'f64', value: Number(one.value) } : one,
    );
    kinds = new Set<BoundSingle['kind']>(['f64']);
  }
  if (kinds.size > 1)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `parameter ${name}: expected a list of values of one kind, found ${[...kinds].join(' and ')}`,
    );
  const [of = 'null'] = kinds;
  return { kind: 'list', of, value: items };
}

function boundSingle(value: SingleValue, name: string): BoundSingle {
  switch (typeof value) {
    case 'boolean':
      return { kind: 'bool', value };
    case 'bigint':
      return { kind: 'i64', value };
    case 'string':
      return { kind: 'text', value };
    case 'number':
      // A whole double such as 1e20 stays one.
      return Number.isSafeInteger(value) && !Object.is(value, -0)
        ? { kind: 'i64', value: BigInt(value) }
        : { kind: 'f64', value };
    default:
      break;
  }
  if (value === null) return { kind: 'null' };
  if (value instanceof Uint8Array) return { kind: 'bytes', value };
  if (value instanceof Date) return { kind: 'time', value: timeFromMs(value.getTime()) };
  if (typeof value === 'object' && isTime(value)) return { kind: 'time', value };
  throw new NdtsError(
    'INVALID_ARGUMENT',
    `parameter ${name}: expected null, a boolean, number, bigint, text, bytes, Date or Time, ` +
      'or a list of them',
  );
}

export function bindParameters(parameters: Parameters): SqlParameter[] {
  if (Array.isArray(parameters))
    return parameters.map((value: ParameterValue, at) => bound(value, `$${at + 1}`));
  return Object.entries(parameters as Readonly<Record<string, ParameterValue>>).map(
    ([name, value]) => ({ ...bound(value, `$${name}`), name }),
  );
}

function parameterOf(
  parameters: readonly SqlParameter[],
  identifier: string,
): SqlParameter | undefined {
  return (
    parameters.find((one) => one.name?.toLowerCase() === identifier.toLowerCase()) ??
    parameters.filter((one) => one.name === undefined)[Number(identifier) - 1]
  );
}

/** What a parameter says to the push-down: names and instants only. */
export function literalOfParameter(
  parameters: readonly SqlParameter[],
  identifier: string,
): Literal | undefined {
  const found = parameterOf(parameters, identifier);
  if (found?.kind === 'text') return { kind: 'text', value: found.value, form: 'plain' };
  if (found?.kind !== 'time') return undefined;
  return { kind: 'time', ns: BigInt(found.value.day) * dayNs + BigInt(found.value.nsOfDay) };
}

/** The texts of a list; undefined: it is none. */
export function textsOfParameter(
  parameters: readonly SqlParameter[],
  identifier: string,
): readonly string[] | undefined {
  const found = parameterOf(parameters, identifier);
  if (found?.kind !== 'list' || (found.of !== 'text' && found.of !== 'null')) return undefined;
  return found.value.flatMap((one) => (one.kind === 'text' ? [one.value] : []));
}

/** What the push-down is told before there are values. */
export const noParameters = { parameter: () => undefined, texts: () => undefined } as const;
