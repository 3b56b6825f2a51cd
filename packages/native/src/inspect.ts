// Prints any file NDTS wrote - log, staging memory, segment, manifest, key-value table, ring - in
// lines for people. The kind follows from the file's magic; nothing is written.

import { addon, native } from './addon.js';

const door = addon as {
  readonly inspectFile: (path: string, print: (line: string) => void) => void;
};

/** Returns the lines, and hands each to `print` as it comes. Throws CORRUPT, with the place, after
 * the lines of what could be read; INVALID_ARGUMENT for a file of no known kind. */
export function inspectFile(path: string, print?: (line: string) => void): string[] {
  const lines: string[] = [];
  native(() =>
    door.inspectFile(path, (line) => {
      lines.push(line);
      print?.(line);
    }),
  );
  return lines;
}
