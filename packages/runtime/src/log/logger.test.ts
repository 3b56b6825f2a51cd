import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { VirtualClock } from '../clock/virtual-clock.js';
import { createLogger, createSilentLogger, flushLogger } from './logger.js';

test('a file gets one JSON object per line, without secrets', async (context) => {
  const dir = await mkdtemp(join(tmpdir(), 'ndts-log-'));
  context.after(() => rm(dir, { recursive: true }));
  const path = join(dir, 'logs', 'ndts.log');
  const logger = createLogger({
    level: 'info',
    destination: path,
    clock: new VirtualClock(Date.UTC(2026, 0, 2)),
  });
  logger.debug('not shown');
  logger.child({ node: 'data-1' }).info({ token: 'x', nested: { token: 'y' } }, 'started');
  logger.error({ err: new Error('broken') }, 'failed');
  await flushLogger(logger);
  const text = await readFile(path, 'utf8');
  const lines = text.trimEnd().split('\n');
  const [first, second] = lines.map((line) => JSON.parse(line));
  assert.equal(lines.length, 2);
  assert.equal(first.level, 'info');
  assert.equal(first.time, '2026-01-02T00:00:00.000000000Z');
  assert.deepEqual([first.msg, first.node], ['started', 'data-1']);
  assert.deepEqual([first.token, first.nested.token], ['***', '***']);
  assert.equal(second.err.message, 'broken');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('a log that cannot be opened says which file', () => {
  assert.throws(
    () => createLogger({ level: 'info', destination: '/dev/null/no/ndts.log' }),
    (error: Error) => error.message.includes('/dev/null/no/ndts.log'),
  );
});

test('the silent logger takes everything', async () => {
  const logger = createSilentLogger();
  logger.error('nobody hears this');
  await flushLogger(logger);
});
