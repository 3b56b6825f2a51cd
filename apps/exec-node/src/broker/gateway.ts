// A broker as the exec node drives it: the port, and whether it is reachable now. What always
// holds: connected() is cheap and never blocks; it is asked once per duty cycle.

import type { Broker } from '@ndts/protocol';

export interface Gateway extends Broker {
  /** False while the venue can't be reached: nothing is sent, everything sent may be unanswered. */
  connected(): boolean;
  /** Whether there is an instrument for the symbol where a new order would go; absent: always. */
  trades?(symbol: number): boolean;
}
