// The layer rules that hold in TypeScript: who imports whom, through which door, with which
// declaration, and that nothing ambient is read.

import { existsSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix, relative } from 'node:path';
import { lineOf } from '../lib/source-text.mjs';
import { readJson } from '../lib/projects.mjs';
import {
  allowedImports,
  ambientModules,
  ambientTypeScript,
  ioModules,
  webFolder,
  webImports,
  webTypeImports,
} from './rules.mjs';

const fromPattern = /\b(?:from|import)\s*\(?\s*(['"])/g;

/** Where the statement that holds this index of an import starts. */
function statementStart(bare, index) {
  const before = bare.slice(0, index + 'import'.length);
  return Math.max(before.lastIndexOf('import'), before.lastIndexOf('export'), 0);
}

/**
 * @returns {{ specifier: string, line: number, start: number, end: number, typeOnly: boolean }[]}
 */
export function findImports(source) {
  const imports = [];
  for (const match of source.bare.matchAll(fromPattern)) {
    const open = match.index + match[0].length - 1;
    const end = source.bare.indexOf(match[1], open + 1);
    const start = statementStart(source.bare, match.index);
    const specifier = source.text.slice(open + 1, end);
    const typeOnly = /^(?:import|export)\s+type\b/.test(source.bare.slice(start, open));
    imports.push({ specifier, line: lineOf(source, open), start, end, typeOnly });
  }
  return imports;
}

/** `@scope/name/entry` -> `@scope/name`. */
export function packageOf(specifier) {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}

function isBuiltin(specifier) {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

/** The rule an import of another workspace breaks, or undefined. */
function brokenLayer(own, specifier) {
  const allowed = allowedImports[own];
  const target = packageOf(specifier);
  if (target === '@ndts/test') return 'nothing imports test';
  if (allowed === undefined) return `${own} has no line in tools/layers/rules.mjs`;
  if (allowed === 'everything' || target === own) return undefined;
  if (allowed.includes(target) || allowed.includes(specifier)) return undefined;
  if (target.endsWith('-node') && own.endsWith('-node')) return 'roles never import each other';
  if (target === '@ndts/native') return `${own} may not use this entry of native`;
  return `${own} may not import ${target}: a workspace imports only to its left`;
}

/** The rule a door breaks: only what `exports` names may be imported. */
function brokenDoor(workspace, specifier) {
  if (workspace === undefined) return 'there is no such workspace';
  const entry = `.${specifier.slice(workspace.name.length)}`;
  const doors = workspace.manifest.exports ?? {};
  return entry in doors ? undefined : `${workspace.name} does not export ${entry}`;
}

function checkWorkspaceImport(workspace, workspaces, specifier) {
  const broken = [];
  const target = packageOf(specifier);
  broken.push(brokenLayer(workspace.name, specifier));
  broken.push(
    brokenDoor(
      workspaces.find((one) => one.name === target),
      specifier,
    ),
  );
  const project = join(workspace.folder, 'tsconfig.json');
  if (existsSync(project) && target !== workspace.name) {
    const folders = (readJson(project).references ?? []).map((one) =>
      join(workspace.folder, one.path),
    );
    const wanted = workspaces.find((one) => one.name === target)?.folder;
    if (wanted !== undefined && !folders.includes(wanted))
      broken.push(`${target} is missing in the references of tsconfig.json`);
  }
  return broken;
}

function checkDeclared(workspace, specifier) {
  const { dependencies, optionalDependencies, peerDependencies } = workspace.manifest;
  const declared = { ...dependencies, ...optionalDependencies, ...peerDependencies };
  const name = packageOf(specifier);
  if (name === workspace.name || name in declared) return undefined;
  return `${name} is not in the dependencies of ${workspace.name}`;
}

function checkWeb(one) {
  const { specifier, typeOnly } = one;
  if (webImports.includes(specifier)) return undefined;
  if (typeOnly && webTypeImports.includes(specifier)) return undefined;
  const types = webTypeImports.join(', ');
  return `browser code imports ${webImports.join(', ')}, its own files, and types of ${types}`;
}

function checkRelative(workspace, source, specifier, isWeb) {
  const target = posix.normalize(posix.join(dirname(source.path), specifier));
  const home = isWeb ? webFolder : `${workspace.path}/`;
  if (!target.startsWith(home)) return `a relative import leaves ${home}`;
  if (!isWeb && target.startsWith(webFolder)) return 'node code does not import browser code';
  return undefined;
}

function checkImport(context, source, one) {
  const { workspace, workspaces } = context;
  const isWeb = source.path.startsWith(webFolder);
  const { specifier } = one;
  if (specifier.startsWith('.')) return [checkRelative(workspace, source, specifier, isWeb)];
  if (isWeb) return [checkWeb(one)];
  if (isBuiltin(specifier)) {
    const isTest = source.path.endsWith('.test.ts');
    if (workspace.name === '@ndts/protocol' && ioModules.test(specifier) && !isTest)
      return ['protocol does no I/O'];
    return [];
  }
  const broken = [checkDeclared(workspace, specifier)];
  if (specifier.startsWith('@ndts/'))
    broken.push(...checkWorkspaceImport(workspace, workspaces, specifier));
  return broken;
}

/** Where nothing ambient may be read: the sources of packages and apps, without tests. */
export function isAmbientFree(path) {
  if (path.startsWith(webFolder) || path.endsWith('.test.ts')) return false;
  return /^(packages|apps)\/[^/]+\/src\//.test(path);
}

/** An import names a thing without using it, unless it gives it another name. */
function withoutImports(source, imports) {
  let bare = source.bare;
  for (const { start, end } of imports) {
    const statement = bare.slice(start, end);
    if (!/\bas\b|\(/.test(statement))
      bare = bare.slice(0, start) + statement.replace(/[^\n]/g, ' ') + bare.slice(end);
  }
  return bare;
}

/**
 * Uses of ambient things in a TypeScript source.
 * @returns {{ line: number, name: string, optional?: boolean }[]}
 */
export function findAmbient(source) {
  const found = [];
  const imports = findImports(source);
  const bare = withoutImports(source, imports);
  for (const { name, pattern, optional } of ambientTypeScript)
    for (const match of bare.matchAll(pattern))
      found.push({ line: lineOf(source, match.index + match[0].search(/\S/)), name, optional });
  for (const one of imports)
    if (!one.typeOnly && ambientModules.test(one.specifier))
      found.push({ line: one.line, name: one.specifier });
  return found;
}

/** @returns {{ path: string, line: number, message: string }[]} */
export function checkTypeScript(source, workspaces) {
  const workspace = workspaces.find((one) => source.path.startsWith(`${one.path}/`));
  if (workspace === undefined) return [];
  const violations = [];
  for (const one of findImports(source))
    for (const message of checkImport({ workspace, workspaces }, source, one))
      if (message !== undefined)
        violations.push({
          path: source.path,
          line: one.line,
          message: `${one.specifier}: ${message}`,
        });
  return violations;
}

/** The workspaces by their package.json. */
export function readWorkspaces(root, paths) {
  return paths.map((folder) => ({
    path: relative(root, folder).replaceAll('\\', '/'),
    folder,
    manifest: readJson(join(folder, 'package.json')),
    get name() {
      return this.manifest.name;
    },
  }));
}
