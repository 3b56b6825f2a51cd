// A client of line protocol in a thread of its own: sends the same lines again and again over one
// TCP connection, or in requests one after the other, as fast as they are taken.

import { createECDH, createPrivateKey, sign } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { workerData } from 'node:worker_threads';

export interface LineSend {
  readonly path: 'tcp' | 'http';
  readonly port: number;
  /** Whose name is `bench`. */
  readonly token: string;
  readonly lines: SharedArrayBuffer;
  readonly times: number;
}

/** The token's bytes are the private key. */
function signed(token: string, challenge: Uint8Array): string {
  const d = Buffer.from(token.slice('ndts_'.length), 'base64url');
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(d);
  const point = curve.getPublicKey();
  const half = (from: number): string => point.subarray(from, from + 32).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', d: d.toString('base64url'), x: half(1), y: half(33) };
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return sign('sha256', challenge, key).toString('base64');
}

async function sendTcp({ port, token, lines, times }: LineSend): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.write('bench\n');
  const [challenge] = (await once(socket, 'data')) as [Buffer];
  socket.write(`${signed(token, challenge.subarray(0, -1))}\n`);
  for (let time = 0; time < times; time += 1)
    if (!socket.write(Buffer.from(lines))) await once(socket, 'drain');
  socket.end();
  socket.resume();
  await once(socket, 'close');
}

async function sendHttp({ port, token, lines, times }: LineSend): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const headers = { Authorization: `Bearer ${token}`, 'Content-Length': lines.byteLength };
  for (let time = 0; time < times; time += 1) {
    const sent = request({ port, path: '/write', method: 'POST', headers, agent });
    sent.end(Buffer.from(lines));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    if (response.statusCode !== 204) throw new Error(`answer ${response.statusCode}`);
  }
  agent.destroy();
}

const send = workerData as LineSend;
await (send.path === 'tcp' ? sendTcp(send) : sendHttp(send));
