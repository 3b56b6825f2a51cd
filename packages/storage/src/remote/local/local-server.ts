// Lets other processes of this user use a folder that this one has open: listens on a socket in the
// folder's memory folder. Who may enter that folder (0700) and open the socket (0600) may ask;
// there is no other check, as with the files themselves.
//
// Always: made only by who holds the folder's lock, so a socket that is there already is left over.
// It keeps no process alive.

import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { fileError } from '@ndts/runtime';
import type { Service } from '../../service/service.js';
import { ServerConnection } from '../frames/server-connection.js';
import { withSocketPath } from './socket-path.js';

export class LocalServer {
  readonly #server: Server;
  readonly #path: string;
  readonly #connections = new Set<ServerConnection>();
  #closed = false;

  private constructor(path: string, service: Service) {
    this.#path = path;
    this.#server = createServer((socket) => {
      const onClose = (one: ServerConnection): void => {
        this.#connections.delete(one);
      };
      this.#connections.add(new ServerConnection({ socket, admit: () => service, onClose }));
    });
    this.#server.unref();
  }

  /** Throws IO_ERROR, READ_ONLY, DISK_FULL when there can be no socket. */
  static async listen(path: string, service: Service): Promise<LocalServer> {
    const server = new LocalServer(path, service);
    try {
      rmSync(path, { force: true });
      await withSocketPath(path, (short) => server.#listen(short));
      chmodSync(path, 0o600);
    } catch (error) {
      server.#server.close();
      throw fileError(path, error);
    }
    return server;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Ends all connections and what was asked on them. Twice is allowed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    rmSync(this.#path, { force: true });
    this.#server.close();
    for (const connection of this.#connections) connection.close();
  }

  #listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => undefined); // of accepting: the next one may work
        resolve();
      });
    });
  }
}
