// The service of a folder that a node of another machine has open, over TCP, with or without TLS.
// docs/protocol/remote.md.
//
// Always: a node that does not answer is given up after a while, never waited for: signs of life
// are asked for while somebody waits.

import { connect, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Clock, NdtsError, type Timer } from '@ndts/protocol';
import { ServiceConnection } from '../frames/service-connection.js';
import { type NodeAddress, nodeAddressText } from './node-address.js';

export interface RemoteTls {
  /** Certificates, PEM, of who may have signed the node's; default: those the system trusts. */
  readonly ca?: string | Buffer;
}

export interface RemoteOptions {
  readonly address: NodeAddress;
  readonly token: string;
  /** Absent: without TLS. */
  readonly tls?: RemoteTls;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

const beatMs = 5000;
const beatsMissedMax = 3;
const keepAliveMs = 10_000;

/** Beats while somebody waits. */
class Heartbeat {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #heard = -1;
  #missed = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  watch(connection: ServiceConnection, waiting: boolean): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#missed = 0;
    if (waiting) this.#arm(connection);
  }

  #arm(connection: ServiceConnection): void {
    this.#timer = this.#clock.setTimer(beatMs, () => this.#beat(connection));
  }

  #beat(connection: ServiceConnection): void {
    this.#missed = connection.heard === this.#heard ? this.#missed + 1 : 0;
    this.#heard = connection.heard;
    if (this.#missed >= beatsMissedMax) {
      connection.abandon();
      return;
    }
    connection.ping();
    this.#arm(connection);
  }
}

/** undefined where nobody listens. Throws UNAUTHENTICATED, TIMEOUT, and what
 * ServiceConnection.open throws. */
export async function openNetworkConnection(
  options: RemoteOptions,
): Promise<ServiceConnection | undefined> {
  const { address, token, clock, timeoutMs } = options;
  const peer = `the node at ${nodeAddressText(address)}`;
  const heartbeat = new Heartbeat(clock);
  let socket: Socket | undefined;
  let late = false;
  const timer = clock.setTimer(timeoutMs, () => {
    late = true;
    socket?.destroy();
  });
  try {
    const connection = await ServiceConnection.open({
      connect: (onread) => {
        socket = openSocket(options, onread);
        return socket;
      },
      ready: options.tls === undefined ? 'connect' : 'secureConnect',
      peer,
      hello: { token },
      onWaiting: (waited, waiting) => heartbeat.watch(waited, waiting),
    });
    if (connection === undefined && late)
      throw new NdtsError('TIMEOUT', `${peer} did not answer within ${timeoutMs} ms`);
    return connection;
  } finally {
    timer.cancel();
  }
}

function openSocket({ address, tls }: RemoteOptions, onread: OnReadOpts): Socket {
  const socket = tls === undefined ? connect({ ...address, onread }) : openTls(address, tls);
  if (tls !== undefined)
    socket.on('data', (chunk: Uint8Array) => onread.callback(chunk.length, chunk));
  socket.setNoDelay(true);
  socket.setKeepAlive(true, keepAliveMs);
  return socket;
}

function openTls({ host, port }: NodeAddress, { ca }: RemoteTls): Socket {
  return connectTls({ host, port, ...(ca === undefined ? {} : { ca }) });
}
