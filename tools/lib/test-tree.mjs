// A small repository in a temporary folder, for the tests of the checkers.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * @param {import('node:test').TestContext} context removes the folder when the test ends
 * @param {Record<string, string | object>} files path -> text, or what becomes JSON
 */
export function makeTree(context, files) {
  const folder = mkdtempSync(join(tmpdir(), 'ndts-tree-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    const full = join(folder, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}
