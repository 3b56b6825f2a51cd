// `ndts inspect`: prints any file NDTS wrote - log, segment, manifest, table, staging, ring - in
// readable lines. A folder prints every file below it that has a known form.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NdtsError } from '@ndts/protocol';
import { inspectFile } from '@ndts/storage';

/** Returns how many files could not be read as what they claim to be. */
export function inspect(paths: readonly string[], print: (text: string) => void): number {
  if (paths.length === 0)
    throw new NdtsError('INVALID_ARGUMENT', 'ndts inspect: expected at least one file or folder');
  let failed = 0;
  for (const path of paths.flatMap(filesBelow)) {
    print(`${path}:`);
    try {
      for (const line of inspectFile(path)) print(`  ${line}`);
    } catch (error) {
      failed += 1;
      const code = error instanceof NdtsError ? error.code : 'INTERNAL';
      print(`  ${code}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return failed;
}

const known = /\.(log|segment|table|sst|dict|staging|ring)$|^MANIFEST|^COMPLETE$|\.manifest$/;

function filesBelow(path: string): string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    throw new NdtsError('NOT_FOUND', `no such file or folder: ${path}`, { cause: error });
  }
  if (!isFolder) return [path];
  const entries = readdirSync(path, { withFileTypes: true });
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const child = join(path, entry.name);
      if (entry.isDirectory()) return filesBelow(child);
      return known.test(entry.name) ? [child] : [];
    });
}
