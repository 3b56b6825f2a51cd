// Positions of CTP: rows of sides and days become one position with both.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoney } from '@ndts/protocol';
import { createSilentLogger } from '@ndts/runtime';
import { CtpHeld } from './held.js';
import type { CtpInstrument } from './settings.js';
import type { CtpPosition } from './trader.js';

test('one side has an average; of long and short together none is told', () => {
  const instrument = { instrumentId: 'rb2610', exchangeId: 'SHFE', multiplier: 10 };
  const listed = new Map([[1, instrument as unknown as CtpInstrument]]);
  const held = new CtpHeld(listed, createSilentLogger());
  const row = { instrumentId: 'rb2610', todayPosition: 1, openCost: 0, position: 0 };
  const add = (posiDirection: string, position: number, openCost: number): void =>
    held.add({ ...row, posiDirection, position, openCost } as CtpPosition);
  add('2', 3, 3 * 100 * 10);
  assert.deepEqual(held.positions(), [
    {
      ...{ symbol: 1, quantity: parseMoney('3'), averagePrice: parseMoney('100') },
      sides: {
        ...{ longToday: parseMoney('1'), longYesterday: parseMoney('2') },
        ...{ shortToday: 0n, shortYesterday: 0n },
      },
    },
  ]);
  add('3', 1, 1 * 90 * 10);
  const [both] = held.positions();
  assert.deepEqual([both?.quantity, both?.averagePrice], [parseMoney('2'), 0n]);
});
