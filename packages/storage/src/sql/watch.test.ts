// Who waits for a session that does not stop is let go, and the session is counted until it ends.

import { equal, rejects, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { LeftSessions } from '@ndts/native/sql';
import type { NdtsError } from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import { Watch } from './watch.js';

/** Stops when it is told to, not when it is asked to. */
class Stubborn {
  readonly ends: (() => void)[] = [];
  readonly left: LeftSessions;
  readonly stops: string[] = [];
  #closed: Promise<void> | undefined;

  constructor(left: LeftSessions) {
    this.left = left;
  }

  work(): Promise<void> {
    return new Promise((resolve) => this.ends.push(resolve));
  }

  stop(code: string): void {
    this.stops.push(code);
  }

  close(): Promise<void> {
    this.#closed ??= this.work();
    return this.#closed;
  }

  leave(): void {
    this.left.add(this, this.close());
  }

  end(): void {
    for (const end of this.ends) end();
  }
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a call is answered a moment after the limit, whatever its thread does', async () => {
  const clock = new VirtualClock();
  const left = new LeftSessions();
  const session = new Stubborn(left);
  const watch = new Watch({ session, clock, timeoutMs: 3000 });
  const running = watch.run(() => session.work());
  running.catch(() => undefined);
  clock.advance(3000 * 1e6);
  await turns();
  equal(session.stops.join(), 'TIMEOUT');
  equal(left.count, 0); // It may still stop by itself.
  clock.advance(500 * 1e6);
  await rejects(running, { code: 'TIMEOUT' });
  await watch.close();
  equal(left.count, 1);
  session.end();
  await turns();
  equal(left.count, 0);
});

test('so is who stops it, and who closes it', async () => {
  const clock = new VirtualClock();
  const left = new LeftSessions();
  const controller = new AbortController();
  const session = new Stubborn(left);
  const { signal } = controller;
  const watch = new Watch({ session, clock, timeoutMs: 0, signal });
  const running = watch.run(() => session.work());
  running.catch(() => undefined);
  controller.abort();
  clock.advance(500 * 1e6);
  await rejects(running, { code: 'CANCELLED' });
  const other = new Stubborn(left);
  const closed = new Watch({ session: other, clock, timeoutMs: 0 });
  const cut = closed.run(() => other.work());
  cut.catch(() => undefined);
  const closing = closed.close();
  await turns();
  clock.advance(500 * 1e6);
  await closing;
  await rejects(cut, { code: 'CANCELLED' });
  equal(left.count, 2);
});

test('no query begins while too many that were left still work', async () => {
  const left = new LeftSessions();
  const sessions = Array.from({ length: LeftSessions.most }, () => new Stubborn(left));
  for (const session of sessions) {
    left.check();
    session.leave();
  }
  throws(
    () => left.check(),
    (error: NdtsError) => error.code === 'RATE_LIMITED',
  );
  sessions[0]?.end();
  await turns();
  left.check();
});
