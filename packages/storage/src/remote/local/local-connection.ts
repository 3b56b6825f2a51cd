// The service of a folder that another process of this machine has open, over its socket.

import { connect } from 'node:net';
import { ServiceConnection } from '../frames/service-connection.js';
import { withSocketPath } from './socket-path.js';

/** undefined where nobody listens. Throws as ServiceConnection.open. */
export function openLocalConnection(path: string): Promise<ServiceConnection | undefined> {
  return withSocketPath(path, (short) =>
    ServiceConnection.open({
      connect: (onread) => connect({ path: short, onread }),
      ready: 'connect',
      peer: 'the process that had the folder open',
    }),
  );
}
