// What `ndts status` says of a feed beside others.

import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { sourceText } from './status.js';

test('a feed beside others: its firsts, its copies and how far behind they are', () => {
  const source = {
    ...{ name: 'binance', rows: 5300, first: 4100, copies: 1200, repeats: 0, late: 3, missed: 0 },
    ...{ failovers: 1, returns: 1, leads: 2 },
    ...{ behindUsMean: 40.2, behindUsP50: 32, behindUsP99: 1024, behindUsMax: 2000 },
  };
  const begin = 'feed binance: first 4,100, copies 1,200, 99 % of them within 1,024 us';
  equal(sourceText(source), `${begin}, leads 2 symbols; late 3, failovers 1`);
  equal(sourceText({ ...source, late: 0, failovers: 0 }), `${begin}, leads 2 symbols`);
});
