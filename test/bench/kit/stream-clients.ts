// Clients of streams in a process of their own: each takes binary rows of all symbols and reads of
// each message only its head and when its newest row was appended, which stands in its volume.
//
//   node stream-clients.js URL TOKEN COUNT
//
// Sends 'ready', also on 'reset'; on 'report' a StreamReport.

import { SystemClock } from '@ndts/runtime';
import { WebSocket } from 'ws';

export interface StreamReport {
  readonly rows: number;
  readonly messages: number;
  readonly bytes: number;
  /** Sorted, in microseconds; of some messages. */
  readonly latencyUs: readonly number[];
  readonly conflated: number;
}

const [url = '', token = '', count = '1'] = process.argv.slice(2);
const clock = new SystemClock();
const latenciesMax = 200_000;

let rows = 0;
let messages = 0;
let bytes = 0;
let conflated = 0;
let latencyUs: number[] = [];

/** Time, sequence, symbol, shard and epoch; then volume, the only column. */
function take(data: Buffer): void {
  const positions = data.readUInt32LE(12);
  const found = data.readUInt32LE(16);
  rows += found;
  messages += 1;
  bytes += data.length;
  if ((data.readUInt32LE(8) & 1) !== 0) conflated += 1;
  if (latencyUs.length >= latenciesMax) return;
  const narrow = Math.ceil((4 * found) / 8) * 8;
  const volume = 24 + 16 * positions + 16 * found + 3 * narrow;
  const sentNs = data.readDoubleLE(volume + 8 * (found - 1));
  latencyUs.push((clock.monotonicNs() - sentNs) / 1000);
}

async function open(): Promise<void> {
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code, reason) => reject(new Error(`closed: ${code} ${reason.toString()}`)));
    socket.on('message', (data: Buffer, binary) => {
      if (binary) {
        take(data);
        return;
      }
      const text = data.toString();
      const { type } = JSON.parse(text) as { type: string };
      if (type === 'error') reject(new Error(text));
      if (type === 'welcome')
        socket.send(
          JSON.stringify({ type: 'subscribe', id: 1, form: 'binary', columns: ['volume'] }),
        );
      if (type === 'subscribed') resolve();
    });
  });
}

for (let made = 0; made < Number(count); made += 50)
  await Promise.all(Array.from({ length: Math.min(50, Number(count) - made) }, open));

process.on('message', (message) => {
  if (message === 'reset') {
    [rows, messages, bytes, conflated, latencyUs] = [0, 0, 0, 0, []];
    process.send?.('ready');
    return;
  }
  latencyUs.sort((a, b) => a - b);
  process.send?.({ rows, messages, bytes, conflated, latencyUs } satisfies StreamReport);
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
