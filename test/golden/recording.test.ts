// The recording that version 1 wrote is read with the same bytes for ever.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listRecordings, RecordingReader } from '@ndts/data-node';
import { timeText } from '@ndts/protocol';

const dir = join(dirname(fileURLToPath(import.meta.url)), '../../golden/recording-v1');

test('recording v1', async () => {
  const paths = await listRecordings(dir);
  const reader = new RecordingReader(paths, () => assert.fail('nothing of it is bad'));
  const blocks: (readonly [number, string, string])[][] = [];
  for (let next = await reader.next(); next !== undefined; next = await reader.next())
    blocks.push(
      next.map(({ kind, at, bytes }) => [
        kind,
        timeText(at),
        Buffer.from(bytes).toString('latin1'),
      ]),
    );
  assert.deepEqual(blocks, [
    [
      [2, '2026-01-05T14:00:00.000000000Z', ''],
      [3, '2026-01-05T14:00:00.000000000Z', '["BTC/USDT"]'],
      [1, '2026-01-05T14:00:00.001000001Z', '{"first":1}'],
    ],
    [
      [1, '2026-01-05T14:00:00.501000001Z', '\x00\xff\n'],
      [4, '2026-01-05T14:00:00.501000001Z', '["BTC/USDT"]'],
    ],
  ]);
});
