// Parameters of a strategy: declared once with type, range and default, checked once before the
// strategy starts. Always: a hook sees every declared parameter, valid and typed.

import { NdtsError, parseMoney } from '@ndts/protocol';

export interface NumberParameter {
  readonly type: 'integer' | 'number';
  readonly default: number;
  readonly min?: number;
  readonly max?: number;
  readonly doc: string;
}

/** An exact decimal: declared as text, seen as a bigint scaled by 1e8. */
export interface DecimalParameter {
  readonly type: 'decimal';
  readonly default: string;
  readonly doc: string;
}

export interface TextParameter {
  readonly type: 'text';
  readonly default: string;
  readonly doc: string;
}

export interface BooleanParameter {
  readonly type: 'boolean';
  readonly default: boolean;
  readonly doc: string;
}

export type ParameterSpec = NumberParameter | DecimalParameter | TextParameter | BooleanParameter;
export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

type ParameterValue<Spec extends ParameterSpec> = Spec extends NumberParameter
  ? number
  : Spec extends DecimalParameter
    ? bigint
    : Spec extends BooleanParameter
      ? boolean
      : string;

export type ParameterValues<Specs extends ParameterSpecs> = {
  readonly [Name in keyof Specs]: ParameterValue<Specs[Name]>;
};

/** What was given, by name; names the strategy does not declare are left out. */
export type GivenParameters = Readonly<Record<string, string | number | boolean>>;

export function resolveParameters<Specs extends ParameterSpecs>(
  specs: Specs,
  given: GivenParameters,
): ParameterValues<Specs> {
  const values = Object.entries(specs).map(([name, spec]) => {
    const value = Object.hasOwn(given, name) ? given[name] : spec.default;
    return [name, readValue(name, spec, value)] as const;
  });
  return Object.fromEntries(values) as ParameterValues<Specs>;
}

function readValue(
  name: string,
  spec: ParameterSpec,
  value: unknown,
): string | number | bigint | boolean {
  switch (spec.type) {
    case 'integer':
    case 'number':
      return readNumber(name, spec, value);
    case 'decimal':
      return parseMoney(String(value));
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'text':
      if (typeof value === 'string') return value;
      break;
  }
  throw new NdtsError(
    'INVALID_ARGUMENT',
    `parameter ${name}: expected ${spec.type}, found ${String(value)}`,
  );
}

function readNumber(name: string, spec: NumberParameter, value: unknown): number {
  const min = spec.min ?? Number.NEGATIVE_INFINITY;
  const max = spec.max ?? Number.POSITIVE_INFINITY;
  const isRightType =
    typeof value === 'number' &&
    (spec.type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value));
  if (isRightType && value >= min && value <= max) return value;
  throw new NdtsError(
    'INVALID_ARGUMENT',
    `parameter ${name}: expected ${spec.type} from ${min} to ${max}, found ${String(value)}`,
  );
}
