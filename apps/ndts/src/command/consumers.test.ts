// ndts consumers on a real folder: what a reader acknowledged is listed and can be forgotten.

import { equal, match, rejects } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '@ndts/runtime';
import { NDTSClient } from '@ndts/storage';
import { listConsumers, removeConsumer } from './consumers.js';

test('consumers are listed and forgotten', async (context) => {
  const root = mkdtempSync(join(tmpdir(), 'ndts-consumers-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const values = loadConfig({ args: { dataDir: join(root, 'data') }, environment: {} });
  const printed: string[] = [];
  const print = (text: string): void => void printed.push(text);
  await rejects(listConsumers(values, false, print), { code: 'NOT_FOUND' });
  const client = new NDTSClient({ mode: 'standalone', values });
  context.after(() => client.close());
  const reader = client.subscribe(undefined, { consumer: 'desk.1' });
  await reader.from();
  await listConsumers(values, false, print);
  match(printed[0] ?? '', /desk\.1 +tick +yes +0 /);
  const rest = { price: 1, volume: 1, bid1: 1, ask1: 1, bid_vol1: 1, ask_vol1: 1, flags: 0 };
  await client.insert('tick', [{ time: new Date(0), symbol: 'A', ...rest }]);
  await reader.close();
  await listConsumers(values, true, print);
  const [view] = JSON.parse(printed[1] ?? '') as { held: boolean; behind: number }[];
  equal(view?.held, false);
  equal(view.behind, 1);
  await removeConsumer('desk.1', values, print);
  await rejects(removeConsumer('desk.1', values, print), { code: 'NOT_FOUND' });
  await listConsumers(values, false, print);
  equal(printed.at(-1), 'no consumers');
});
