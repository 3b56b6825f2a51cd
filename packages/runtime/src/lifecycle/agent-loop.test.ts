import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Timer } from '@ndts/protocol';
import { SystemClock } from '../clock/system-clock.js';
import { SpinRule } from './spin-rule.js';
import { type Agent, AgentLoop, type AgentLoopOptions } from './agent-loop.js';

const idles: AgentLoopOptions['idle'][] = ['adaptive', 'spin', 'sleep'];

function loopOf(agents: readonly Agent[], options: Partial<AgentLoopOptions> = {}): AgentLoop {
  return new AgentLoop(agents, {
    idle: 'adaptive',
    spinMs: 1,
    sleepMs: 1,
    clock: new SystemClock(),
    onError: (_, error) => assert.fail(String(error)),
    ...options,
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

for (const idle of idles) {
  test(`${idle}: calls all agents in order, again and again, and I/O too`, async () => {
    const calls: string[] = [];
    const agents = ['a', 'b'].map((name) => ({
      name,
      doWork: () => (calls.length < 1_000 ? calls.push(name) : 0),
    }));
    const loop = loopOf(agents, { idle });
    loop.start();
    loop.start();
    // This very wait needs the event loop's turn.
    await until(() => calls.length >= 1_000 && loop.cycles > 600);
    await loop.stop();
    assert.ok(calls.every((name, index) => name === (index % 2 === 0 ? 'a' : 'b')));
  });
}

test('no agent runs after stop', async () => {
  let count = 0;
  const loop = loopOf([{ name: 'a', doWork: () => ++count }]);
  loop.start();
  await until(() => count > 100);
  await loop.stop();
  const stopped = count;
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(count, stopped);
  await loop.stop();
  loop.start();
  await until(() => count > stopped);
  await loop.stop();
});

test('stop from within an agent waits for the end of the cycle', async () => {
  const order: string[] = [];
  let stopping: Promise<unknown> | undefined;
  const loop: AgentLoop = loopOf([
    {
      name: 'stops',
      doWork: () => {
        order.push('first');
        stopping ??= loop.stop().then(() => order.push('stopped'));
        return 1;
      },
    },
    { name: 'second', doWork: () => order.push('second') },
  ]);
  loop.start();
  await until(() => stopping !== undefined);
  await stopping;
  assert.deepEqual(order, ['first', 'second', 'stopped']);
});

test('an agent that throws is reported, counted and called again', async () => {
  const seen: string[] = [];
  let others = 0;
  const loop = loopOf(
    [
      {
        name: 'bad',
        doWork: () => {
          throw new Error('this agent throws');
        },
      },
      { name: 'good', doWork: () => ++others },
    ],
    {
      onError: (agent, error) => {
        seen.push(`${agent.name}: ${(error as Error).message}`);
        throw new Error('the reporter throws too');
      },
    },
  );
  loop.start();
  await until(() => seen.length > 10);
  await loop.stop();
  assert.equal(seen[0], 'bad: this agent throws');
  assert.equal(loop.errors, seen.length);
  assert.equal(others, loop.cycles);
});

test('wake ends a sleep; a loop that sleeps long still stops at once', async () => {
  let work = 0;
  let count = 0;
  const agent = {
    name: 'a',
    doWork: () => {
      count++;
      return work > 0 ? work-- : 0;
    },
  };
  const loop = loopOf([agent], { idle: 'sleep', sleepMs: 3_600_000 });
  loop.start();
  await until(() => count > 0);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const asleep = count;
  work = 5;
  loop.wake();
  await until(() => count >= asleep + 5);
  await loop.stop();
  loop.wake();
  loop.configure({ spinMs: 0, sleepMs: 1 });
});

/** The system's time, and every sleep that was asked for; each is over at once. */
class CountingClock extends SystemClock {
  readonly sleeps: number[] = [];
  aheadNs = 0;

  override monotonicNs(): number {
    return super.monotonicNs() + this.aheadNs;
  }

  override setTimer(delayMs: number, action: () => void): Timer {
    this.sleeps.push(delayMs);
    this.aheadNs += delayMs * 1e6;
    const immediate = setImmediate(action);
    return { cancel: () => clearImmediate(immediate) };
  }
}

test('adaptive sleeps longer the longer there is no work, and work ends that', async () => {
  const clock = new CountingClock();
  let work = 0;
  const loop = loopOf([{ name: 'a', doWork: () => (work > 0 ? work-- : 0) }], {
    clock,
    sleepMs: 2,
  });
  loop.start();
  await until(() => clock.sleeps.at(-1) === 16);
  const growing = [...new Set(clock.sleeps)];
  assert.deepEqual(growing, [2, 4, 8, 16]);
  clock.aheadNs += 3600e9;
  const before = clock.sleeps.length;
  await until(() => clock.sleeps.length > before + 3);
  assert.equal(clock.sleeps.at(-1), 16);
  work = 1;
  await until(() => clock.sleeps.at(-1) === 2);
  await loop.stop();
});

test('a sleep ends when the first agent is due, and is never long', async () => {
  const clock = new CountingClock();
  const due = [Number.POSITIVE_INFINITY, 40e6];
  const agents = due.map((ns, at) => ({
    name: `agent ${at}`,
    doWork: () => 0,
    dueNs: (nowNs: number) => nowNs + ns,
  }));
  const loop = loopOf(agents, { clock, spinMs: 0 });
  loop.start();
  await until(() => clock.sleeps.length > 5);
  assert.ok(
    clock.sleeps.every((ms) => ms > 39.9 && ms <= 40.1),
    clock.sleeps.join(),
  );
  agents[1] = { ...agents[0]!, dueNs: (nowNs: number) => nowNs + 90.5e6 };
  const short = clock.sleeps.length + 1;
  await until(() => clock.sleeps.length > short);
  assert.equal(clock.sleeps.at(-1), 92);
  agents.length = 1;
  const before = clock.sleeps.length + 1;
  await until(() => clock.sleeps.length > before);
  assert.equal(clock.sleeps.at(-1), 250);
  await loop.stop();
});

test('who is woken within a cycle does not sleep after it', async () => {
  const clock = new CountingClock();
  let wakes = 3;
  const agent: Agent = { name: 'a', doWork: () => 0, dueNs: () => Number.POSITIVE_INFINITY };
  const waker: Agent = {
    name: 'b',
    doWork: () => {
      if (wakes > 0) loop.wake();
      wakes -= 1;
      return 0;
    },
    dueNs: () => Number.POSITIVE_INFINITY,
  };
  const loop: AgentLoop = loopOf([agent, waker], { clock, spinMs: 0 });
  loop.start();
  await until(() => clock.sleeps.length > 0);
  assert.ok(wakes <= -1, 'a cycle after each of the three');
  await loop.stop();
});

test('it spins where work comes often, and not where it comes seldom', () => {
  const rule = new SpinRule(20, 0);
  for (let ms = 0; ms <= 2000; ms += 20) rule.note(ms * 1e6);
  assert.ok(rule.spins(2000.2e6));
  assert.ok(!rule.spins(2001e6));
  for (let ms = 2000; ms <= 2100; ms += 1) rule.note(ms * 1e6);
  assert.ok(rule.spins(2119e6));
  assert.ok(!rule.spins(2120e6));
  const always = new SpinRule(Number.POSITIVE_INFINITY, 0);
  for (let ms = 0; ms < 1e6; ms += 1e4) always.note(ms * 1e6);
  assert.ok(always.spins(1e18));
});

test('sleep sleeps the same whatever there is', async () => {
  const clock = new CountingClock();
  const loop = loopOf([{ name: 'a', doWork: () => 0 }], { clock, idle: 'sleep', sleepMs: 500 });
  loop.start();
  await until(() => clock.sleeps.length > 20);
  await loop.stop();
  assert.deepEqual([...new Set(clock.sleeps)], [500]);
});
