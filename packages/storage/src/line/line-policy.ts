// What line protocol may create: tables and symbols, by name and number. What is created is there
// for ever, so names are held to what SQL can say and people can read.

import {
  barSchema,
  bookSchema,
  factorSchema,
  signalSchema,
  type TableSchema,
  tickSchema,
  tradeSchema,
} from '@ndts/protocol';
import type { TableInfo } from '@ndts/native/db';
import { isReadableName } from '../table/symbol-registry.js';

const builtIn: readonly TableSchema[] = [
  tickSchema,
  tradeSchema,
  bookSchema,
  barSchema,
  factorSchema,
  signalSchema,
];

/** What every table has beside its columns. */
const reserved: ReadonlySet<string> = new Set(['time', 'symbol', 'sequence', 'epoch', 'shard']);
const nameBytesMax = 127;
const symbolBytesMax = 1024;
const namePattern = /^[\p{L}_][\p{L}\p{M}\p{N}_.-]*$/u;

/** Columns that are 0 where a line does not say: bits that nobody set. */
export function zeroColumns(schema: TableSchema): readonly string[] {
  return schema.name === tickSchema.name ? ['flags'] : [];
}

/** The schema to create for a line of this shape, or undefined: it may not be. */
export function schemaFor(
  shape: TableSchema,
  tables: readonly TableInfo[],
): TableSchema | undefined {
  const known = builtIn.find((one) => one.name === shape.name);
  if (known !== undefined) return known;
  const isTaken = tables.some((one) => one.name.toLowerCase() === shape.name.toLowerCase());
  if (isTaken || !isName(shape.name)) return undefined;
  const seen = new Set<string>();
  for (const { name } of shape.columns) {
    const folded = name.toLowerCase();
    if (!isName(name) || reserved.has(folded) || seen.has(folded)) return undefined;
    seen.add(folded);
  }
  return shape;
}

export function isBuiltIn(name: string): boolean {
  return builtIn.some((one) => one.name === name);
}

function isName(name: string): boolean {
  return Buffer.byteLength(name) <= nameBytesMax && namePattern.test(name);
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The name of a symbol, or undefined: it may not be one. */
export function symbolName(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0 || bytes.length > symbolBytesMax) return undefined;
  try {
    const name = strict.decode(bytes);
    return isReadableName(name) ? name : undefined;
  } catch {
    return undefined;
  }
}
