// A thread of a strategy's process that ends the process when the node is gone. The channel tells
// that too, but a plugin in an endless loop never listens; this thread does not run plugin code.
// Always: no process of a strategy outlives its node by more than the interval (and the time this
// thread waits for a processor), also when the node was gone before the process came up.

// ambient: a thread is what this file is about; it runs beside whatever the plugin does
import { Worker, isMainThread, workerData } from 'node:worker_threads';

const intervalMs = 500;

/** Called on the main thread, before any plugin code. The pid is told by the node: the parent's may
 * be somebody else's by now. */
export function startWatchdog(nodePid: number): void {
  const worker = new Worker(new URL(import.meta.url), {
    workerData: nodePid,
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
  });
  worker.unref();
}

function watch(nodePid: number): void {
  // ambient: a thread of its own inside a process of its own; the parent's pid is what it watches
  const self = process;
  // ambient: see above
  setInterval(() => {
    if (self.ppid !== nodePid) self.kill(self.pid, 'SIGKILL');
  }, intervalMs);
}

if (!isMainThread && typeof workerData === 'number') watch(workerData);
