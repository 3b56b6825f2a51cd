// A command on a data folder: on its files when nobody has them open, else by the node that has.

import { NdtsError } from '@ndts/protocol';
import { checkDataFolder } from '@ndts/storage';
import { findTarget, type Target, type TargetOptions } from './running.js';

/** On the files when nobody has them open, else by the node that has. */
export async function closedOrRunning<Result>(
  options: TargetOptions,
  closed: () => Result | Promise<Result>,
  ask: (node: Target) => Promise<Result>,
): Promise<Result> {
  if (options.url !== undefined) return ask(findTarget(options));
  checkDataFolder(options.dataDir);
  try {
    return await closed();
  } catch (error) {
    if (!(error instanceof NdtsError && error.code === 'LOCKED')) throw error;
    return ask(nodeOf(options, error));
  }
}

function nodeOf(options: TargetOptions, locked: NdtsError): Target {
  try {
    return findTarget(options);
  } catch (error) {
    if (!(error instanceof NdtsError && error.code === 'UNAVAILABLE')) throw error;
    throw new NdtsError(
      'LOCKED',
      `${options.dataDir} is open in another process, which has not said where it listens: ` +
        'it starts, stops, or is no node',
      { cause: locked },
    );
  }
}
