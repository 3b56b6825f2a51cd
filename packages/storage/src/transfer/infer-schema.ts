// The columns of a table that is made for a file: as a person says them, or from a sample.
//
// From a sample: whole numbers are i64, other numbers f64, true and false bool, all else text; a
// column without any value is text. All may be null: a sample cannot tell that none is.

import { type ColumnSchema, NdtsError, type ValueTypeName } from '@ndts/protocol';

const types: readonly ValueTypeName[] = [
  'i64',
  'f64',
  'i32',
  'f32',
  'bool',
  'symbol',
  'text',
  'bytes',
];

/** `name:type,...`; a ? behind the type: it may be null. */
export function parseColumns(text: string): ColumnSchema[] {
  return text.split(',').map((part) => {
    const at = part.lastIndexOf(':');
    const name = part.slice(0, Math.max(0, at)).trim();
    const word = part.slice(at + 1).trim();
    const nullable = word.endsWith('?');
    const type = types.find((one) => one === (nullable ? word.slice(0, -1) : word));
    if (name === '' || type === undefined)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `expected columns as name:type or name:type? (${types.join(', ')}), found '${part}'`,
      );
    return nullable ? { name, type, nullable } : { name, type };
  });
}

const wholeNumber = /^[+-]?\d{1,18}$/;
const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(nan|inf|infinity)$/i;
const truth = /^(true|false)$/i;

export function inferType(values: readonly (string | null)[]): ValueTypeName {
  const texts = values.flatMap((value) => (value === null || value === '' ? [] : [value.trim()]));
  const all = (form: RegExp): boolean => texts.length > 0 && texts.every((one) => form.test(one));
  if (all(wholeNumber)) return 'i64';
  if (all(number)) return 'f64';
  return all(truth) ? 'bool' : 'text';
}

/** Of all columns but those that are the row's time and symbol. */
export function inferColumns(
  names: readonly string[],
  sample: readonly (readonly (string | null)[])[],
  taken: ReadonlySet<number>,
): ColumnSchema[] {
  return names.flatMap((name, at) => {
    if (taken.has(at)) return [];
    const type = inferType(sample.map((record) => record[at] ?? null));
    return [{ name: name.trim(), type, nullable: true }];
  });
}
