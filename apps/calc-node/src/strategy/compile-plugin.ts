// Strategies in TypeScript where Node runs JavaScript only: the compiler of the checkout takes the
// types away, in a process of its own, so that nothing waits for it. Types are not checked here;
// `ndts strategy test` does.

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NdtsError } from '@ndts/protocol';

const require = createRequire(import.meta.url);
const options = ['--ignoreConfig', '--noCheck', '--noResolve', '--module', 'esnext'];
const outputMax = 400;

/** JavaScript of the file; undefined: Node runs it as it is. PLUGIN_FAILED says why not. */
export async function compilePlugin(path: string): Promise<string | undefined> {
  if (!/\.m?ts$/.test(path) || runsTypeScript()) return undefined;
  const outDir = mkdtempSync(join(tmpdir(), 'ndts-plugin-'));
  try {
    await runCompiler([...options, '--target', 'es2023', '--outDir', outDir, path]);
    const file = readdirSync(outDir).find((name) => /\.m?js$/.test(name));
    if (file === undefined) throw failure(path, 'the compiler wrote nothing');
    return readFileSync(join(outDir, file), 'utf8');
  } catch (error) {
    throw error instanceof NdtsError ? error : failure(path, String(error));
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
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
