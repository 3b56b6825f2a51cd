// A broker as the exec node drives it: the port, and whether it is reachable now. What always
// holds: connected() is cheap and never blocks; it is asked once per duty cycle.

import type { Broker, BrokerCard, RouteView } from '@ndts/protocol';

export interface Gateway extends Broker {
  /** False while the venue can't be reached: nothing is sent, everything sent may be unanswered. */
  connected(): boolean;
  /** When doWork() has something to do next by the clock (monotonic ns; Infinity: when the market
   * moves or it is asked). Absent: it can't say. */
  dueNs?(): number;
  /** Whether there is an instrument for the symbol where a new order would go; absent: always. */
  trades?(symbol: number): boolean;
  /** Of a pair of gateways: where orders go; absent: there is one way. */
  route?(): RouteView;
  /** Of a pair: what its route() says of it; cheap. */
  readonly breaker?: RouteView['breaker'];
  /** Of a pair: after a restart, that its breaker was open and why. */
  restoreBreaker?(primary: string, backup: string, why: string): void;
  /** Of a pair: what each of them promises. */
  cards?(): readonly BrokerCard[];
}
