// The main program of a backtest's thread: one run, then it ends. Always: a thread runs one run
// only, because a plugin's file may keep what it likes beside its state, and live it has a process
// of its own.

// ambient: this file is the main program of a thread
import { parentPort, workerData } from 'node:worker_threads';
import { errorLine, NdtsError } from '@ndts/protocol';
import { executeRun } from './execute.js';
import { checkLookAhead } from './look-ahead.js';
import { saveResult } from './result.js';
import type { RunCommand, RunDone, RunMessage, RunOrder } from './run-messages.js';
import { noTicks } from './tick-source.js';

const port = parentPort;

function send(message: RunMessage): void {
  port?.postMessage(message);
}

async function run(order: RunOrder, signal: AbortSignal): Promise<RunDone> {
  const { request, folder } = order;
  const result = await executeRun(request, {
    signal,
    onProgress: (ticks, total) => send({ type: 'progress', ticks, total }),
  });
  if (result.summary.statistics.ticks === 0) throw noTicks();
  const path = folder === undefined ? '' : saveResult(folder, result);
  const lookAhead = order.lookAhead === true ? await checkLookAhead(request, { signal }) : null;
  return { summary: result.summary, path, lookAhead };
}

/** A strategy's own errors tell where they came from. */
function failureOf(error: unknown): RunMessage {
  if (error instanceof NdtsError)
    return { type: 'failed', code: error.code, message: error.message };
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const message = stack === '' ? errorLine(error) : stack;
  return { type: 'failed', code: 'PLUGIN_FAILED', message };
}

const controller = new AbortController();
port?.on('message', (command: RunCommand) => {
  if (command === 'cancel') controller.abort(new NdtsError('CANCELLED', 'the run was cancelled'));
});
try {
  send({ type: 'done', done: await run(workerData as RunOrder, controller.signal) });
} catch (error) {
  send(failureOf(error));
}
port?.close();
