// What is known of a file before its format is: its name, and its first record, which is a header
// or is none.

import { basename } from 'node:path';
import { type ImportFormatName, importFormatOf, openImportFormat } from '@ndts/storage';

export type FileKind = ImportFormatName;

export interface FileBeginning {
  readonly path: string;
  /** Without its folder. */
  readonly name: string;
  readonly kind: FileKind;
  /** Of CSV the first record as it stands, else the names of the columns. */
  readonly first: readonly string[];
  /** Whether these are names: none of them is a number. */
  readonly hasHeader: boolean;
}

const numeric = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

/** @param name what it was called before it was unpacked; default: as its path says */
export async function readBeginning(path: string, name = basename(path)): Promise<FileBeginning> {
  const kind = importFormatOf(name);
  const format = await openImportFormat(path, kind, {});
  const first = format.names;
  await format.close();
  const hasHeader = kind !== 'csv' || !first.some((field) => numeric.test(field));
  return { path, name, kind, first, hasHeader };
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_.-]/g, '');
}

/** The file's own name of the first of these that it has, whatever its case and its underscores. */
export function columnNamed(
  beginning: FileBeginning,
  names: readonly string[],
): string | undefined {
  if (!beginning.hasHeader) return undefined;
  for (const name of names) {
    const found = beginning.first.find((one) => plain(one) === plain(name));
    if (found !== undefined) return found;
  }
  return undefined;
}

export function hasColumns(beginning: FileBeginning, ...names: readonly string[]): boolean {
  return names.every((name) => columnNamed(beginning, [name]) !== undefined);
}

/** The symbol in names like BTCUSDT-trades-2025-01-01.csv and AAPL_2012-06-21_... */
export function symbolInName(name: string): string | undefined {
  return /^([A-Za-z0-9.]+)[-_]/.exec(name)?.[1];
}
