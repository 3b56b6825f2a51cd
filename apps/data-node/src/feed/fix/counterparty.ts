// A counterparty of FIX market data on loopback, for tests: it says what a test wants it to say.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createSilentLogger, MemoryKeyValueStore, SystemClock } from '@ndts/runtime';
import { FixSession, Tag } from '@ndts/runtime/fix';

/** Says what a test wants it to say, and notes what it is asked for. */
export class Counterparty {
  readonly clock = new SystemClock();
  readonly asked: string[] = [];
  /** Of the last Logon that had one. */
  password: string | undefined;

  readonly session: FixSession;
  readonly #server: Server;
  socket: Socket | undefined;

  constructor() {
    this.session = new FixSession({
      settings: {
        ...{ role: 'acceptor', beginString: 'FIX.4.4', heartbeatSeconds: 30 },
        ...{ senderCompId: 'MARKET', targetCompId: 'DESK' },
      },
      ...{ keyValue: new MemoryKeyValueStore(), name: 'm', clock: this.clock },
      logger: createSilentLogger(),
      application: {
        onLogon: () => undefined,
        onLogout: () => undefined,
        onMissed: () => undefined,
        isWanted: () => true,
        onMessage: (message) =>
          this.asked.push(
            `${message.text(Tag.subscriptionRequestType)} ${message.text(Tag.symbol)}`,
          ),
      },
    });
    this.#server = createServer((socket) => {
      this.socket = socket;
      socket.on('error', () => undefined);
      socket.on('close', () => this.session.disconnected('closed'));
      socket.on('data', (bytes: Buffer) => {
        const fields = bytes.toString('latin1').split(String.fromCharCode(1));
        const password = fields.find((field) => field.startsWith('554='));
        this.password = password?.slice(4) ?? this.password;
        this.session.received(bytes);
      });
      this.session.connected({
        write: (bytes) => void socket.write(bytes),
        end: () => void socket.end(),
      });
    });
  }

  async open(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  say(type: string, fields: string): void {
    this.session.send(type, (writer) => {
      for (const field of fields.split('|').filter((one) => one !== '')) {
        const [tag, value] = field.split('=') as [string, string];
        writer.text(Number(tag), value);
      }
    });
    this.session.flush();
  }

  close(): void {
    this.socket?.destroy();
    this.#server.close();
  }
}
