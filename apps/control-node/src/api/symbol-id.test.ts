// Which symbol is meant by what people write: its name, which may be digits, as exchanges of many
// countries have it; else its id.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subjects } from '@ndts/protocol';
import { createSilentLogger, EmbeddedBus, VirtualClock } from '@ndts/runtime';
import { symbolId } from './read-routes.js';

test('a name of digits is a name first, and never another symbol by its id', async () => {
  const bus = new EmbeddedBus({ clock: new VirtualClock(0), logger: createSilentLogger() });
  const names = ['AAA', '000001', '700', '2', '9'];
  bus.respond(subjects.dataSymbols, () => names.map((name, at) => ({ id: at + 1, name })));
  const found = async (text: string): Promise<string | undefined> =>
    names[(await symbolId(bus, text)) - 1];
  for (const name of names) assert.equal(await found(name), name);
  assert.equal(await found('1'), 'AAA');
  assert.equal(await found('3'), '700');
  // 4294967297 would be 1 in the journal.
  for (const text of ['01', '0', '6', '4294967297', ''])
    await assert.rejects(symbolId(bus, text), /NOT_FOUND|no symbol is called/);
});
