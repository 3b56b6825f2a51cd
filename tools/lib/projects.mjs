// The TypeScript projects of the repository as the root tsconfig.json lists them: where their
// sources are and where what is compiled from them goes. Tests are found by their sources, never by
// what lies in dist, so a deleted source leaves no ghost behind.

import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const skipped = new Set(['node_modules', 'dist', 'build', 'coverage', '.git', '.setup']);

/** Every file below a folder, sorted, without what is installed or built. */
export function listFiles(folder) {
  const files = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !skipped.has(entry.name)) files.push(...listFiles(path));
    if (entry.isFile()) files.push(path);
  }
  return files.sort();
}

/** Files below a folder that is only built, where nothing is skipped. */
function listBuilt(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

export function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** @returns {{ name: string, folder: string, sources: string, compiled: string }[]} */
export function listProjects(root) {
  const projects = [];
  for (const { path } of readJson(join(root, 'tsconfig.json')).references) {
    const folder = join(root, path);
    const file = join(folder, 'tsconfig.json');
    if (!existsSync(file)) continue;
    const { rootDir = '.', outDir = 'dist' } = readJson(file).compilerOptions ?? {};
    const project = { name: path, folder, sources: join(folder, rootDir) };
    projects.push({ ...project, compiled: join(folder, outDir) });
  }
  return projects;
}

/** Tests of one project: the source and the file that is run. */
export function listTests(project) {
  if (!existsSync(project.sources)) return [];
  return listFiles(project.sources)
    .filter((file) => file.endsWith('.test.ts'))
    .map((source) => {
      const name = relative(project.sources, source).replace(/\.ts$/, '.js');
      return { source, compiled: join(project.compiled, name) };
    });
}

/** Removes compiled files whose source is gone. @returns {number} how many sources were gone */
export function removeGhosts(project) {
  let gone = 0;
  for (const map of listBuilt(project.compiled)) {
    if (!map.endsWith('.js.map') || map.includes(`${sep}node_modules${sep}`)) continue;
    const stem = map.slice(0, -'.js.map'.length);
    const source = join(project.sources, relative(project.compiled, stem));
    if (existsSync(`${source}.ts`) || existsSync(`${source}.tsx`)) continue;
    for (const end of ['.js', '.js.map', '.d.ts', '.d.ts.map']) rmSync(stem + end, { force: true });
    gone += 1;
  }
  return gone;
}
