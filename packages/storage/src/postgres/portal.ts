// A statement with the values of its parameters: what is executed, in one piece or in parts.
// Always: closePortal() ends its query, whatever it was doing.

import type { ParameterValue } from '../sql/parameters.js';
import { valueOfBinary, valueOfText } from './bind-values.js';
import type { Translated } from './catalog.js';
import type { Format } from './encode.js';
import type { BodyReader } from './message-reader.js';
import { PostgresError } from './postgres-error.js';
import type { Prepared, ToldColumn } from './prepared.js';
import type { RunningQuery, Stopper } from './running.js';
import { types } from './types.js';

export interface Portal {
  readonly prepared: Prepared;
  readonly values: readonly ParameterValue[];
  /** None: all text. One: for all. Else one for each column. */
  readonly formats: readonly Format[];
  stopper: Stopper | undefined;
  running: RunningQuery | undefined;
  columns: readonly ToldColumn[] | undefined;
  translated: Translated | undefined;
  /** All of it was sent. */
  done: boolean;
}

export function newPortal(
  prepared: Prepared,
  values: readonly ParameterValue[] = [],
  formats: readonly Format[] = [],
): Portal {
  return {
    prepared,
    values,
    formats,
    stopper: undefined,
    running: undefined,
    columns: undefined,
    translated: undefined,
    done: false,
  };
}

export async function closePortal(portal: Portal): Promise<void> {
  portal.stopper?.pause();
  await portal.running?.close();
}

/** One format for each of `count` columns. */
export function formatsFor(formats: readonly Format[], count: number): readonly Format[] {
  if (formats.length === count) return formats;
  if (formats.length > 1)
    throw new PostgresError(
      '08P01',
      `bind message has ${formats.length} result formats but query has ${count} columns`,
    );
  return Array.from({ length: count }, () => formats[0] ?? 'text');
}

function readFormat(body: BodyReader): Format {
  const code = body.int16();
  if (code === 0 || code === 1) return code === 0 ? 'text' : 'binary';
  throw new PostgresError('08P01', `unsupported format code: ${code}`);
}

/** What stands in Bind behind the names. */
export function readBind(body: BodyReader, prepared: Prepared): Portal {
  const formats = body.list(() => readFormat(body));
  const fields = body.list(() => {
    const length = body.int32();
    return length === -1 ? undefined : body.bytes(length);
  });
  const results = body.list(() => readFormat(body));
  body.end();
  const wanted = prepared.parameterCount;
  if (fields.length !== wanted)
    throw new PostgresError(
      '08P01',
      `bind message supplies ${fields.length} parameters, but the statement requires ${wanted}`,
    );
  if (formats.length > 1 && formats.length !== wanted)
    throw new PostgresError(
      '08P01',
      `bind message has ${formats.length} parameter formats but ${wanted} parameters`,
    );
  const values = fields.map((bytes, at) => {
    if (bytes === undefined) return null;
    const type = prepared.parameterTypes[at] ?? types.text;
    const format = formats.length === 1 ? formats[0] : formats[at];
    return format === 'binary' ? valueOfBinary(bytes, type) : valueOfText(bytes, type);
  });
  return newPortal(prepared, values, results);
}
