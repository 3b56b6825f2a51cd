// A backtest in a thread of its own. Always: the promise settles when the thread is gone, with what
// it made or why it failed; a cancelled one that does not answer (a hook in an endless loop) is
// ended by force.

// ambient: threads are what this file is about
import { Worker } from 'node:worker_threads';
import { NdtsError } from '@ndts/protocol';
import type { RunDone, RunMessage, RunOrder } from './run-messages.js';

export interface RunThreadHooks {
  readonly signal?: AbortSignal;
  /** For a thread that was told to cancel; default 2000. */
  readonly patienceMs?: number;
  readonly onProgress?: (ticks: number, total: number) => void;
}

const patienceMsDefault = 2000;
/** Money of a fill lives for one tick: with room, it is gone before anybody looks for it. */
const youngMb = 64;

export function runInThread(order: RunOrder, hooks: RunThreadHooks = {}): Promise<RunDone> {
  const { signal, patienceMs = patienceMsDefault } = hooks;
  const cancelled = (): NdtsError => new NdtsError('CANCELLED', 'the run was cancelled');
  if (signal?.aborted === true) return Promise.reject(cancelled());
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./run-worker.js', import.meta.url), {
      workerData: order,
      resourceLimits: { maxYoungGenerationSizeMb: youngMb },
    });
    let done: RunDone | undefined;
    let failure: NdtsError | undefined;
    let timer: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      worker.postMessage('cancel');
      // ambient: the patience with a thread that does not answer is of this machine's time
      timer = setTimeout(() => {
        failure = cancelled();
        void worker.terminate();
      }, patienceMs);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    worker.on('message', (message: RunMessage) => {
      if (message.type === 'progress') hooks.onProgress?.(message.ticks, message.total);
      else if (message.type === 'done') done = message.done;
      else failure = new NdtsError(message.code, message.message);
    });
    worker.on('error', (error) => {
      failure ??= new NdtsError('PLUGIN_FAILED', error.message, { cause: error });
    });
    worker.on('exit', (code) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      if (failure !== undefined) reject(failure);
      else if (done !== undefined) resolve(done);
      else reject(new NdtsError('PLUGIN_FAILED', `the run ended its thread (code ${code})`));
    });
  });
}
