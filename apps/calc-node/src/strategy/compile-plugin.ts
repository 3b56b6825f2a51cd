// Strategies in TypeScript where Node runs JavaScript only: the compiler of the checkout takes the
// types away, in a process of its own, so that nothing waits for it. Types are not checked here;
// `ndts strategy test` does.

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { NdtsError } from '@ndts/protocol';
import { pluginTexts } from './plugin-files.js';

/** A file of a plugin and the JavaScript that the compiler made of it. */
export interface CompiledFile {
  readonly path: string;
  readonly text: string;
}

const require = createRequire(import.meta.url);
const options = ['--ignoreConfig', '--noCheck', '--noResolve', '--module', 'esnext'];
const outputMax = 400;

/** Of its files in TypeScript; undefined: Node runs all of them as they are. PLUGIN_FAILED says why
 * not. */
export async function compilePlugin(plugin: string): Promise<readonly CompiledFile[] | undefined> {
  if (runsTypeScript()) return undefined;
  const paths = [...pluginTexts(plugin).keys()].filter((path) => /(?<!\.d)\.m?ts$/.test(path));
  if (paths.length === 0) return undefined;
  const outDir = mkdtempSync(join(tmpdir(), 'ndts-plugin-'));
  try {
    const root = commonFolder(paths);
    const where = ['--target', 'es2023', '--rootDir', root, '--outDir', outDir];
    await runCompiler([...options, ...where, ...paths]);
    return paths.map((path) => {
      const made = join(outDir, relative(root, path)).replace(/ts$/, 'js');
      if (!existsSync(made)) throw failure(plugin, `the compiler wrote nothing for ${path}`);
      return { path, text: readFileSync(made, 'utf8') };
    });
  } catch (error) {
    throw error instanceof NdtsError ? error : failure(plugin, String(error));
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}

function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0]!);
  while (!paths.every((path) => folder === '/' || path.startsWith(`${folder}/`)))
    folder = dirname(folder);
  return folder;
}

/** Resolves with what it printed. PLUGIN_FAILED: it is not there, or found something wrong. */
export function runCompiler(args: readonly string[]): Promise<string> {
  const compiler = findCompiler();
  // ambient: the compiler runs on the very Node this process runs on
  const { execPath } = process;
  return new Promise((resolve, reject) => {
    execFile(execPath, [compiler, ...args], { env: {} }, (error, output, errors) => {
      if (error === null) resolve(output);
      else reject(new NdtsError('PLUGIN_FAILED', said(output) || said(errors) || error.message));
    });
  });
}

function said(output: string): string {
  return output.trim().slice(0, outputMax);
}

function findCompiler(): string {
  try {
    return join(require.resolve('typescript/package.json'), '..', 'bin', 'tsc');
  } catch (error) {
    const what = 'expected the compiler typescript, or a version of Node that runs TypeScript';
    throw new NdtsError('PLUGIN_FAILED', what, { cause: error });
  }
}

function failure(path: string, why: string): NdtsError {
  return new NdtsError('PLUGIN_FAILED', `${path} cannot be compiled: ${why}`);
}

function runsTypeScript(): boolean {
  // ambient: what this Node can do; the processes of strategies run on the same
  const { typescript } = process.features as { readonly typescript?: unknown };
  return typescript === 'strip' || typescript === 'transform';
}
