import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nsPerMs } from '@ndts/protocol';
import { StatusBeat } from './status-beat.js';

/** The moments, in ms, at which it is due between two others; `news` are those it is told of. */
function moments(
  beat: StatusBeat,
  fromMs: number,
  toMs: number,
  news: readonly number[],
): number[] {
  const found: number[] = [];
  for (let ms = fromMs; ms < toMs; ms += 10) {
    if (news.includes(ms)) beat.note(ms * nsPerMs);
    const isDue = ms * nsPerMs >= beat.dueNs;
    assert.equal(beat.isDue(ms * nsPerMs), isDue);
    if (isDue) found.push(ms);
  }
  return found;
}

test('a status every 250 ms while something happens, every second while nothing does', () => {
  const beat = new StatusBeat();
  const busy = [100, 300, 600, 800, 1100];
  assert.deepEqual(moments(beat, 0, 2000, busy), [0, 250, 500, 750, 1000, 1250, 1500]);
  assert.deepEqual(moments(beat, 2000, 6000, []), [2000, 3000, 4000, 5000]);
});

test('what happens after a while is told at the next quarter of a second', () => {
  const beat = new StatusBeat();
  moments(beat, 0, 3000, []);
  assert.deepEqual(moments(beat, 3000, 6000, [4120, 4130]), [3000, 4000, 4250, 4500, 5000]);
});
