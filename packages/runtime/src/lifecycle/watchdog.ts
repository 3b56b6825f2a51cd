// A thread of a process that the node started, such as a strategy's, that ends it when the node is
// gone. The channel tells that too, but code of others in an endless loop never listens; this
// thread runs none of it. Always: no such process outlives its node by more than the interval (and
// the time this thread waits for a processor), also when the node was gone before it came up.

// ambient: a thread is what this file is about; it runs beside whatever the process does
import { Worker, isMainThread, workerData } from 'node:worker_threads';

const intervalMs = 500;

/** Called on the main thread, before any code of others. The pid is told by the node: the parent's
 * may be somebody else's by now. */
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
