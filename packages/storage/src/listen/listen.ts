// What every listener on the network needs: to be opened and closed, and to know whether other
// machines can reach it.

import type { AddressInfo, Server } from 'node:net';
import { NdtsError } from '@ndts/protocol';

/** Whether it is this machine: where it listens nobody else can reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Resolves with the port once it listens; 0 asks for any free one. PORT_IN_USE, IO_ERROR; `name`
 * says whose it is. */
export function listen(server: Server, name: string, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error & { code?: string }): void => {
      const isTaken = error.code === 'EADDRINUSE';
      const what = isTaken ? `${host}:${port} is in use` : `cannot listen on ${host}:${port}`;
      const cause = { cause: error };
      reject(new NdtsError(isTaken ? 'PORT_IN_USE' : 'IO_ERROR', `${name}: ${what}`, cause));
    };
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Once all of its connections have ended. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
