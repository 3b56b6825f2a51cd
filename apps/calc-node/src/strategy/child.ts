// A strategy's process as the node holds it. Always: it inherits nothing but its channel and its
// two output pipes, has an empty environment and a heap limit, and is signalled by its own handle
// only.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { HostMessage } from './host-protocol.js';
import { ProcessFiles } from './process-files.js';

export interface ChildEvents {
  onMessage(message: unknown): void;
  onOutput(stream: 'stdout' | 'stderr', text: string): void;
  /** Exactly once; also when it could not be started at all. */
  onExit(how: string): void;
}

export interface StrategyChild {
  readonly pid: number | undefined;
  /** Resolves when it was handed to the system; never rejects: a lost child exits. */
  send(message: HostMessage): Promise<void>;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Memory it really uses; undefined where the system does not tell. */
  residentBytes(): number | undefined;
  /** Processor time of all its threads so far; undefined where the system does not tell. */
  cpuMs(): number | undefined;
}

export type SpawnChild = (memoryMb: number, events: ChildEvents) => StrategyChild;

const hostMain = fileURLToPath(new URL('./host-main.js', import.meta.url));

export const spawnStrategyChild: SpawnChild = (memoryMb, events) => {
  // ambient: the child runs on the very Node this process runs on, and watches this process
  const { execPath: node, pid } = process;
  const child = spawn(node, [`--max-old-space-size=${memoryMb}`, hostMain, String(pid)], {
    env: {},
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  const files = new ProcessFiles(child.pid);
  child.once('exit', () => files.close());
  listen(child, events);
  return {
    pid: child.pid,
    send: (message) =>
      new Promise((resolve) => {
        if (!child.connected) resolve();
        else child.send(message, () => resolve());
      }),
    kill: (signal) => void child.kill(signal),
    residentBytes: () => files.residentBytes(),
    cpuMs: () => files.cpuMs(),
  };
};

function listen(child: ChildProcess, events: ChildEvents): void {
  let hasExited = false;
  const exited = (how: string): void => {
    if (hasExited) return;
    hasExited = true;
    events.onExit(how);
  };
  child.on('message', (message) => events.onMessage(message));
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8');
    child[stream]?.on('data', (text: string) => events.onOutput(stream, text));
  }
  child.on('error', (error) => {
    // An error with a pid is a failed send or kill; the exit follows by itself.
    if (child.pid === undefined) exited(`could not be started: ${error.message}`);
  });
  child.on('exit', (code, signal) => {
    exited(signal === null ? `exit code ${code}` : `signal ${signal}`);
  });
}
