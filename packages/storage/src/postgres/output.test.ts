// A full socket makes the sender wait: until it is read, closed, or the statement is stopped.

import { equal } from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as othersRun } from 'node:timers/promises';
import { Output } from './output.js';

/** Takes what it is given and is done with it when it is told. */
class StuckSocket extends Duplex {
  written = 0;
  #done: (() => void) | undefined;

  constructor() {
    super({ writableHighWaterMark: 10 });
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.length;
    this.#done = done;
  }

  override _read(): void {}

  go(): void {
    this.#done?.();
  }
}

async function isDone(promise: Promise<void>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await othersRun();
  return done;
}

function fill(output: Output): void {
  output.writer.begin('D');
  output.writer.value('x'.repeat(100));
  output.writer.end();
}

test('flush() waits while the socket is full', async () => {
  const socket = new StuckSocket();
  const output = new Output(socket);
  fill(output);
  const flushed = output.flush();
  equal(await isDone(flushed), false);
  equal(socket.written, 109);
  socket.go();
  equal(await isDone(flushed), true);
  equal(output.writer.bytes, 0);
});

test('a statement that is stopped, or a socket that is gone, waits no more', async () => {
  const stopping = new AbortController();
  const socket = new StuckSocket();
  const output = new Output(socket);
  fill(output);
  const stopped = output.flush(stopping.signal);
  equal(await isDone(stopped), false);
  stopping.abort();
  equal(await isDone(stopped), true);
  fill(output);
  const gone = output.flush();
  equal(await isDone(gone), false);
  socket.destroy();
  await othersRun();
  equal(await isDone(gone), true);
  fill(output);
  equal(await isDone(output.flush()), true);
  equal(output.writer.bytes, 0);
});
