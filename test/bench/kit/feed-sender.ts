// A venue in a process of its own for the bench of feeds: messages on a WebSocket, at a rate by an
// open-loop schedule or as fast as the socket takes them. Each carries when it was sent, as its
// quantity: microseconds since the bench began.

import { growYoungGenerationAtOnce, SystemClock } from '@ndts/runtime/loop';
import { type WebSocket, WebSocketServer } from 'ws';

const { rate, count, beginUs, symbolCount, startMs } = JSON.parse(process.argv[2] ?? '{}') as {
  /** 0: no limit. */
  readonly rate: number;
  readonly count: number;
  readonly beginUs: number;
  readonly symbolCount: number;
  readonly startMs: number;
};

growYoungGenerationAtOnce();
const clock = new SystemClock();
const bufferedMax = 1024 * 1024;
const atOnce = 256;

function nowUs(): number {
  return Math.floor(clock.monotonicNs() / 1000) - beginUs;
}

function messageOf(row: number): string {
  const price = 100 + ((row * 7919) % 997) / 100;
  const ms = startMs + Math.floor(row / 50);
  return (
    `{"kind":"trades","symbol":"S${row % symbolCount}/USDT",` +
    `"trades":[[${ms},${price},${nowUs()},"${row}","buy"]]}`
  );
}

function serve(socket: WebSocket): void {
  const firstUs = nowUs();
  let sent = 0;
  const send = (): void => {
    const due = rate === 0 ? count : Math.floor(((nowUs() - firstUs) * rate) / 1e6);
    for (let turn = 0; turn < atOnce && sent < Math.min(due, count); turn += 1) {
      if (socket.bufferedAmount > bufferedMax) break;
      socket.send(messageOf(sent));
      sent += 1;
    }
    if (sent < count && socket.readyState === socket.OPEN) setImmediate(send);
  };
  send();
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('connection', serve);
server.on('listening', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0);
});
