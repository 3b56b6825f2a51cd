// Takes from a strategy's process what a plugin has no business with, before the plugin is loaded.
// It stops mistakes and plain attempts (killing the parent, speaking for the host, loading
// libraries), not a determined attacker: that takes another user or namespace, which this process
// cannot give itself.

import { NdtsError } from '@ndts/protocol';

/** The two directions of the channel, for the host alone. */
export interface HostChannel {
  send(message: object, sent?: () => void): void;
  onMessage(listener: (message: unknown) => void): void;
  onClosed(listener: () => void): void;
}

/** Must run before any plugin code; afterwards the channel is reachable through the result only. */
export function confineProcess(target: NodeJS.Process): HostChannel {
  const send = target.send?.bind(target);
  const on = target.on.bind(target);
  if (send === undefined)
    throw new NdtsError('UNAVAILABLE', 'a strategy host is started by the calc node only');
  const channel: HostChannel = {
    send: (message, sent) => {
      // A channel that is gone means the node is gone: the close listener ends this process.
      send(message, undefined, {}, () => sent?.());
    },
    onMessage: (listener) => void on('message', listener),
    onClosed: (listener) => void on('disconnect', listener),
  };
  const refuse = (what: string) => (): never => {
    throw new NdtsError('FORBIDDEN', `a strategy may not use process.${what}`);
  };
  for (const what of ['kill', '_kill', 'send', 'disconnect', 'dlopen', 'binding', '_debugProcess'])
    Object.defineProperty(target, what, {
      value: refuse(what),
      writable: false,
      configurable: false,
    });
  // A value would leave what Node has put there as it is.
  Object.defineProperty(target, 'ppid', { get: () => 0, configurable: false });
  return channel;
}
