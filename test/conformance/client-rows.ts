// Ticks as the suite of clients inserts and remembers them.

import { equal } from 'node:assert/strict';
import type { Time } from '@ndts/protocol';
import type { SeededRandom } from '@ndts/runtime';
import type { InsertRow, NDTSClient } from '@ndts/storage';

export const names = ['GAMMA', 'ALPHA', 'ÖL', 'BETA', 'DELTA', 'A'];
export const firstDay = 20_000;

export interface PlainTick {
  readonly time: Time;
  readonly symbol: string;
  readonly price: number;
  readonly volume: number;
}

function tickRow({ time, symbol, price, volume }: PlainTick): InsertRow {
  const rest = { bid1: price - 1, ask1: price + 1, bid_vol1: 1, ask_vol1: 2, flags: 0 };
  return { time, symbol, price, volume, ...rest };
}

/** Over some days, now and then late or at the same time. */
export function randomTicks(random: SeededRandom, count: number): PlainTick[] {
  let hours = 0;
  return Array.from({ length: count }, () => {
    if (random.integer(3) > 0) hours += random.integer(40) / 1000;
    const at = Math.max(0, hours - (random.integer(20) === 0 ? 2 : 0));
    return {
      time: {
        day: firstDay + Math.floor(at / 24),
        nsOfDay: Math.floor((at % 24) * 3600) * 1e9 + random.integer(3),
      },
      symbol: names[random.integer(names.length)] ?? '',
      price: random.integer(100_000) / 100,
      volume: random.integer(1000),
    };
  });
}

export interface Known extends PlainTick {
  readonly shard: number;
  readonly sequence: number;
}

export async function insertTicks(
  client: NDTSClient,
  ticks: readonly PlainTick[],
): Promise<Known[]> {
  const { sequence, shard, rows } = await client.insert('tick', ticks.map(tickRow));
  equal(rows, ticks.length);
  return ticks.map((tick, at) => ({
    ...tick,
    shard: shard[at] ?? -1,
    sequence: sequence[at] ?? -1,
  }));
}
