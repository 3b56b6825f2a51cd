// A node for remote_load in a process of its own: says where it is reached, until its parent lets
// go of it.
//
//   remote-load-node.js DATA_DIR PULL|off ARENA_BYTES

import { once } from 'node:events';
import { startRemoteNode } from '../../kit/remote-node.js';

/** What it sends, once. */
export interface RemoteLoadNode {
  readonly address: string;
  readonly token: string;
}

const [, , dataDir = '', pull = 'off', arenaBytes = ''] = process.argv;
const endings: (() => Promise<void>)[] = [];
const cleanup = { after: (action: () => Promise<void>): void => void endings.push(action) };
const pulled = pull === 'off' ? undefined : { pull, arenaBytes: Number(arenaBytes) };
const { address, identity } = await startRemoteNode(cleanup, dataDir, pulled);
const token = identity.createToken(`bench-${process.pid}`, 'viewer');
process.send?.({ address, token } satisfies RemoteLoadNode);
await once(process, 'message');
for (const ending of endings) await ending();
process.disconnect();
