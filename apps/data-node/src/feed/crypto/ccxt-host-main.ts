// The main file of the process of an exchange: ccxt, which is large and of others, is loaded here
// and not in the node. Always: it ends when its pipe does, when the node is gone, or with a reason
// when something of it fails.

import { Socket } from 'node:net';
import { growYoungGenerationAtOnce, SystemClock, startWatchdog } from '@ndts/runtime/loop';
import { SourceHost } from '../process/source-host.js';
import { ccxtLoader } from './ccxt-module.js';
import { CcxtSource, type CcxtTask } from './ccxt-source.js';

const pipeNumber = 3;
const failureExit = 70;

// ambient: this file is the main program of a process of its own
const self = process;
growYoungGenerationAtOnce();
startWatchdog(Number(self.argv[2]));

function end(reason: string): void {
  if (reason === '') self.exit(0);
  self.stderr.write(`${reason}\n`, () => self.exit(failureExit));
}

new SourceHost({
  pipe: new Socket({ fd: pipeNumber }),
  clock: new SystemClock(),
  sourceOf: (task, remember) => {
    const { module, memory, ...rest } = task as unknown as CcxtTask;
    return new CcxtSource({
      ...rest,
      load: ccxtLoader(module),
      halted: Array.isArray(memory) ? memory.map(String) : [],
      onHalted: remember,
    });
  },
  memoryBytes: () => self.memoryUsage.rss(),
  onEnd: end,
});
self.on('uncaughtException', (error) => end(String(error)));
self.on('unhandledRejection', (error) => end(String(error)));
