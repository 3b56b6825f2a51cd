// fix_codec: how fast execution reports are framed, checked and read, and orders are written; then
// the same through two sessions, without a store. The answer is a sum over what was read, so that
// nothing is read in vain.

import { Buffer } from 'node:buffer';
import { type KeyValueStore, parseMoney, timeFromMs } from '@ndts/protocol';
import { createSilentLogger, VirtualClock } from '@ndts/runtime';
import {
  checkMessage,
  FixSession,
  FixStream,
  FixWriter,
  MessageType,
  Tag,
} from '@ndts/runtime/fix';
import { type Bench, type BenchContext, pick } from './kit/bench.js';

const at = timeFromMs(1_700_000_000_123);
const chunkMessages = 256;

function report(writer: FixWriter, number: number): Uint8Array {
  writer.begin(MessageType.executionReport);
  writer.text(Tag.senderCompId, 'VENUE');
  writer.text(Tag.targetCompId, 'DESK');
  writer.whole(Tag.msgSeqNum, number);
  writer.time(Tag.sendingTime, at);
  reportBody(writer, number);
  return writer.finish();
}

function reportBody(writer: FixWriter, number: number): void {
  writer.text(Tag.orderId, `V${number}`);
  writer.text(Tag.clOrdId, `7-${number}-0`);
  writer.text(Tag.execId, `T${number}`);
  writer.text(Tag.execType, 'F');
  writer.text(Tag.ordStatus, '2');
  writer.text(Tag.symbol, 'SIM0001');
  writer.text(Tag.side, '1');
  writer.money(Tag.orderQty, parseMoney('100'));
  writer.money(Tag.lastQty, parseMoney('100'));
  writer.money(Tag.lastPx, parseMoney('101.25'));
  writer.money(Tag.leavesQty, 0n);
  writer.money(Tag.cumQty, parseMoney('100'));
  writer.money(Tag.avgPx, parseMoney('101.25'));
  writer.time(Tag.transactTime, at);
}

function order(writer: FixWriter, number: number): Uint8Array {
  writer.begin(MessageType.newOrderSingle);
  writer.text(Tag.senderCompId, 'DESK');
  writer.text(Tag.targetCompId, 'VENUE');
  writer.whole(Tag.msgSeqNum, number);
  writer.time(Tag.sendingTime, at);
  writer.text(Tag.clOrdId, '7-12345-0');
  writer.text(Tag.symbol, 'SIM0001');
  writer.text(Tag.side, '1');
  writer.time(Tag.transactTime, at);
  writer.money(Tag.orderQty, 10_000_000_000n);
  writer.text(Tag.ordType, '2');
  writer.money(Tag.price, 10_125_000_000n);
  return writer.finish();
}

function readChunk(stream: FixStream, chunk: Uint8Array): bigint {
  let sum = 0n;
  stream.push(chunk);
  while (stream.next()) {
    const { message } = stream;
    if (checkMessage(message) !== undefined) throw new Error('a report that is not good');
    sum += message.money(Tag.lastQty) ?? 0n;
    sum += message.money(Tag.lastPx) ?? 0n;
    sum += BigInt(message.whole(Tag.msgSeqNum)) + BigInt(message.text(Tag.execId).length);
    sum += BigInt(message.time(Tag.transactTime)?.day ?? 0);
  }
  return sum;
}

/** Takes everything and keeps nothing: what is measured is the session. */
const nowhere: KeyValueStore = {
  get: () => undefined,
  scan: () => [],
  write: () => 1,
  durablePosition: () => 1,
  durable: () => Promise.resolve(),
};

function openSession(role: 'initiator' | 'acceptor', taken: () => void): FixSession {
  const isInitiator = role === 'initiator';
  const [senderCompId, targetCompId] = isInitiator ? ['DESK', 'VENUE'] : ['VENUE', 'DESK'];
  return new FixSession({
    settings: {
      ...{ role, beginString: 'FIX.4.4', heartbeatSeconds: 30, senderCompId, targetCompId },
    },
    ...{ keyValue: nowhere, name: 'bench', clock: new VirtualClock(1_700_000_000_000) },
    logger: createSilentLogger(),
    application: {
      onLogon: () => undefined,
      onLogout: () => undefined,
      onMissed: () => undefined,
      onMessage: taken,
      isWanted: () => true,
    },
  });
}

/** Seconds that a venue's session sends for, and seconds that ours takes what it sent for. */
function runSessions(messages: number): { sent: number; taken: number; count: number } {
  let count = 0;
  const ours = openSession('initiator', () => {
    count += 1;
  });
  const venue = openSession('acceptor', () => undefined);
  let written: Uint8Array[] = [];
  venue.connected({ write: (bytes) => written.push(bytes), end: () => undefined });
  ours.connected({ write: (bytes) => venue.received(bytes), end: () => undefined });
  const seconds = { sent: 0, taken: 0 };
  for (let number = 0; number <= messages; number += chunkMessages) {
    let begin = performance.now();
    for (let index = 0; index < chunkMessages && number > 0; index++)
      venue.send(MessageType.executionReport, (writer) => reportBody(writer, number + index));
    venue.flush();
    seconds.sent += (performance.now() - begin) / 1e3;
    const chunk = Buffer.concat(written);
    written = [];
    begin = performance.now();
    ours.received(chunk);
    seconds.taken += (performance.now() - begin) / 1e3;
  }
  return { ...seconds, count };
}

async function run(context: BenchContext): Promise<void> {
  const messages = pick(context.size, { smoke: 1024, small: 524_288, full: 4_194_304 });
  const writer = new FixWriter('FIX.4.4');
  const reports = Array.from({ length: chunkMessages }, (_, index) => report(writer, index + 1));
  const chunk = Buffer.concat(reports);
  const params = { messages, bytes: Math.round(chunk.length / chunkMessages) };
  const stream = new FixStream();
  let sum = 0n;
  let begin = performance.now();
  for (let read = 0; read < messages; read += chunkMessages) sum += readChunk(stream, chunk);
  const readSeconds = (performance.now() - begin) / 1e3;
  let written = 0;
  begin = performance.now();
  for (let number = 1; number <= messages; number++) written += order(writer, number).length;
  const writeSeconds = (performance.now() - begin) / 1e3;
  const emit = (metric: string, value: number, answer: string): void =>
    context.emit({ bench: 'fix_codec', params, metric, value, unit: '1/s', answer });
  emit('reportsReadPerSecond', messages / readSeconds, String(sum));
  emit('ordersWrittenPerSecond', messages / writeSeconds, String(written));
  const session = runSessions(messages / 4);
  emit('sessionSentPerSecond', session.count / session.sent, String(session.count));
  emit('sessionTakenPerSecond', session.count / session.taken, String(session.count));
}

export const fixCodec: Bench = {
  name: 'fix_codec',
  about: 'FIX: execution reports read, orders written, and both through sessions, per second',
  run,
};
