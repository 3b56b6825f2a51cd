// `ndts up` as a process of its own, for tests and benchmarks that start, watch and kill it.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const command = join(dirname(fileURLToPath(import.meta.url)), '../../../apps/ndts/dist/main.js');

export interface RunFile {
  readonly pid: number;
  readonly url: string;
  /** Where the rings are. */
  readonly memory: string;
}

export interface PlatformOptions {
  readonly dataDir: string;
  /** Configuration keys, as flags. control.port is 0 unless given. */
  readonly keys?: Readonly<Record<string, string | number>>;
  /** The network namespace it runs in; default: this one. */
  readonly host?: string;
}

/** Only ends what hangs: a busy machine takes its time. */
const startLimitMs = 300_000;

export class RunningPlatform {
  readonly run: RunFile;
  readonly token: string;
  readonly #child: ChildProcess;
  readonly #output: string[];

  private constructor(child: ChildProcess, output: string[], run: RunFile, token: string) {
    this.#child = child;
    this.#output = output;
    this.run = run;
    this.token = token;
  }

  /** Resolves when the node says that it is ready; rejects with its output when it ends before. */
  static async start(options: PlatformOptions): Promise<RunningPlatform> {
    const child = spawnNode(options);
    const output: string[] = [];
    child.stdout?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    const started = performance.now();
    try {
      for (;;) {
        const run = readRunFile(options.dataDir, child.pid);
        if (run !== undefined) {
          const token = readFileSync(join(options.dataDir, 'identity/admin.token'), 'utf8').trim();
          return new RunningPlatform(child, output, run, token);
        }
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`ndts up ended with ${child.exitCode}: ${output.join('')}`);
        if (performance.now() - started > startLimitMs)
          throw new Error(`ndts up is not ready after ${startLimitMs} ms: ${output.join('')}`);
        await sleep(10);
      }
    } catch (error) {
      child.kill('SIGKILL'); // nobody else knows of it
      throw error;
    }
  }

  get output(): string {
    return this.#output.join('');
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async get(path: string): Promise<unknown> {
    const response = await fetch(this.run.url.replace(/\/$/, '') + path, {
      headers: { authorization: `Bearer ${this.token}` },
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** kill -9, and the memory that a killed node leaves for its next start: there will be none. */
  async discard(): Promise<void> {
    await this.kill();
    rmSync(this.run.memory, { recursive: true, force: true });
  }

  /** Ctrl-C; resolves with the exit code. */
  async stop(): Promise<number | null> {
    await this.#end('SIGINT');
    return this.#child.exitCode;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.ended) return;
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.kill(signal);
    await gone;
  }
}

function readRunFile(dataDir: string, pid: number | undefined): RunFile | undefined {
  try {
    const run = JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8')) as RunFile;
    return run.pid === pid ? run : undefined;
  } catch {
    return undefined;
  }
}

/** kill -9 so many milliseconds after the process was made, ready or not. */
export async function killWhileStarting(options: PlatformOptions, afterMs: number): Promise<void> {
  const child = spawnNode(options);
  child.stdout?.resume();
  child.stderr?.resume();
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await sleep(afterMs);
  child.kill('SIGKILL');
  await gone;
}

function spawnNode(options: PlatformOptions): ChildProcess {
  const keys = { 'control.port': 0, ...options.keys };
  const flags = Object.entries(keys).map(([key, value]) => `--${key}=${value}`);
  const { host } = options;
  const nodeArgs = [command, 'up', '--data-dir', options.dataDir, ...flags];
  const [program, args] =
    host === undefined
      ? [process.execPath, nodeArgs]
      : ['ip', ['netns', 'exec', host, process.execPath, ...nodeArgs]];
  return spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '' },
  });
}
