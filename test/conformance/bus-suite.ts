// What every Bus does: order, wildcards, requests and their failures.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Bus, type BusMessage, NdtsError } from '@ndts/protocol';
import { rejectsWith } from '../kit/errors.js';
import { type Within, within } from '../kit/harness.js';
import { until } from '../kit/passing-time.js';

export interface BusHarness {
  readonly bus: Bus;
  /** Resolves when what was published and subscribed so far has taken effect. */
  readonly settle: () => Promise<void>;
  /** Lets this much time pass for timeouts. */
  readonly elapse: (ms: number) => Promise<void>;
  close(): Promise<void>;
}

export function busSuite(name: string, makeHarness: () => Promise<BusHarness>): void {
  const withBus = within(makeHarness);
  describe(`Bus, delivery: ${name}`, () => deliveryTests(withBus));
  describe(`Bus, listeners: ${name}`, () => listenerTests(withBus));
  describe(`Bus, requests: ${name}`, () => requestTests(withBus));
  describe(`Bus, ends: ${name}`, () => endTests(withBus));
}

function deliveryTests(withBus: Within<BusHarness>): void {
  it('delivers to every listener of the subject, in order', () =>
    withBus(async ({ bus, settle }) => {
      const first: unknown[] = [];
      const second: unknown[] = [];
      bus.subscribe('a.b', ({ payload }) => first.push(payload));
      bus.subscribe('a.b', ({ payload }) => second.push(payload));
      await settle();
      for (let number = 0; number < 100; number++) bus.publish('a.b', { number });
      bus.publish('a.c', { number: -1 });
      await until(() => first.length >= 100 && second.length >= 100);
      await settle();
      const expected = Array.from({ length: 100 }, (_, number) => ({ number }));
      assert.deepEqual(first, expected);
      assert.deepEqual(second, expected);
    }));

  it('delivers everything below a wildcard, and not the name itself', () =>
    withBus(async ({ bus, settle }) => {
      const found: string[] = [];
      bus.subscribe('a.>', ({ subject }) => found.push(subject));
      await settle();
      for (const subject of ['a', 'a.b', 'ab.c', 'a.b.c', 'b.a.b', 'a.z']) bus.publish(subject, 0);
      await until(() => found.length >= 3);
      await settle();
      assert.deepEqual(found, ['a.b', 'a.b.c', 'a.z']);
    }));
}

function listenerTests(withBus: Within<BusHarness>): void {
  it('delivers what a listener publishes after the current message', () =>
    withBus(async ({ bus, settle }) => {
      const found: string[] = [];
      bus.subscribe('one', () => {
        bus.publish('two', 0);
        found.push('one, first listener');
      });
      bus.subscribe('one', () => found.push('one, second listener'));
      bus.subscribe('two', () => found.push('two'));
      await settle();
      bus.publish('one', 0);
      await until(() => found.includes('two') && found.length >= 3);
      assert.deepEqual(found, ['one, first listener', 'one, second listener', 'two']);
    }));

  it('stops delivering when the subscription ends, also within a delivery', () =>
    withBus(async ({ bus, settle }) => {
      const found: unknown[] = [];
      const end = bus.subscribe('s', ({ payload }) => {
        found.push(payload);
        end();
      });
      await settle();
      bus.publish('s', 1);
      bus.publish('s', 2);
      await until(() => found.length > 0);
      await settle();
      assert.deepEqual(found, [1]);
      end();
    }));

  it('delivers nothing that was already on its way when the subscription ends', () =>
    withBus(async ({ bus, settle }) => {
      const found: unknown[] = [];
      bus.subscribe('go', () => {
        bus.publish('s', 1);
        bus.publish('s', 2);
      });
      const end = bus.subscribe('s', ({ payload }) => {
        found.push(payload);
        end();
      });
      await settle();
      bus.publish('go', 0);
      await until(() => found.length > 0);
      await settle();
      assert.deepEqual(found, [1]);
    }));

  it('keeps a listener that throws, and the others', () =>
    withBus(async ({ bus, settle }) => {
      const found: unknown[] = [];
      bus.subscribe('s', ({ payload }: BusMessage) => {
        found.push(payload);
        throw new Error('a listener of this test throws');
      });
      bus.subscribe('s', ({ payload }) => found.push(payload));
      await settle();
      bus.publish('s', 1);
      bus.publish('s', 2);
      await until(() => found.length >= 4);
      assert.deepEqual(found.toSorted(), [1, 1, 2, 2]);
    }));
}

function requestTests(withBus: Within<BusHarness>): void {
  it('answers requests, with a promise too', () =>
    withBus(async ({ bus, settle }) => {
      bus.respond('double', (payload) => (payload as number) * 2);
      bus.respond('later', async (payload) => ({ echo: payload }));
      await settle();
      assert.equal(await bus.request('double', 21), 42);
      assert.deepEqual(await bus.request('later', 'x'), { echo: 'x' });
    }));

  it('refuses a request nobody answers, and a second responder', () =>
    withBus(async ({ bus, settle }) => {
      await rejectsWith('UNAVAILABLE', bus.request('nobody', 0));
      const end = bus.respond('s', () => 1);
      await settle();
      assert.throws(() => bus.respond('s', () => 2), { code: 'ALREADY_EXISTS' });
      end();
      await settle();
      await rejectsWith('UNAVAILABLE', bus.request('s', 0));
      bus.respond('s', () => 3);
      await settle();
      assert.equal(await bus.request('s', 0), 3);
    }));
}

function endTests(withBus: Within<BusHarness>): void {
  it("hands the responder's error with its code to the caller", () =>
    withBus(async ({ bus, settle }) => {
      bus.respond('refuses', () => {
        throw new NdtsError('FORBIDDEN', 'not you');
      });
      await settle();
      await rejectsWith('FORBIDDEN', bus.request('refuses', 0));
    }));

  it('gives up on an answer that does not come', () =>
    withBus(async ({ bus, settle, elapse }) => {
      bus.respond('slow', () => new Promise(() => undefined));
      await settle();
      const answer = rejectsWith('TIMEOUT', bus.request('slow', 0, 200));
      await elapse(250);
      await answer;
    }));

  it('refuses everything after close; closing twice is allowed', () =>
    withBus(async ({ bus }) => {
      await bus.close();
      await bus.close();
      assert.throws(() => bus.publish('s', 0), { code: 'CLOSED' });
      assert.throws(() => bus.subscribe('s', () => undefined), { code: 'CLOSED' });
      await rejectsWith('CLOSED', bus.request('s', 0));
    }));
}
