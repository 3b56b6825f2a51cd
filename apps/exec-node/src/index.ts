// The public door of the exec node.

export { CcxtBroker } from './broker/crypto/ccxt-broker.js';
export { type CcxtBrokerOptions, ccxtDefaults } from './broker/crypto/settings.js';
export { loadCcxtTrading } from './broker/crypto/ccxt-trading.js';
export type {
  CcxtFill,
  CcxtMarket,
  CcxtOrder,
  CcxtParams,
  CcxtPosition,
  CcxtTrading,
  CcxtTradingModule,
} from './broker/crypto/ccxt-trading.js';
export { CtpBroker } from './broker/ctp/ctp-broker.js';
export {
  type CtpBrokerOptions,
  ctpDefaults,
  type CtpInstrument,
  type CtpSettings,
} from './broker/ctp/settings.js';
export type {
  CtpCancelInput,
  CtpError,
  CtpEvents,
  CtpIdentity,
  CtpOrder,
  CtpOrderInput,
  CtpPosition,
  CtpTrade,
  CtpTrader,
} from './broker/ctp/trader.js';
export { FixBroker, type FixChange } from './broker/fix/fix-broker.js';
export type { FixBrokerOptions, FixBrokerSettings, FixSymbols } from './broker/fix/settings.js';
export type { Gateway } from './broker/gateway.js';
export { IbBroker } from './broker/ib/ib-broker.js';
export { type IbBrokerOptions, ibDefaults, type IbSettings } from './broker/ib/settings.js';
export { type IbContract, IbInstruments } from './broker/ib/instruments.js';
export { PaperBroker } from './broker/paper.js';
export type { PaperBehaviour } from './broker/paper-faults.js';
export { type PaperBrokerOptions, paperSettings } from './broker/paper-options.js';
export { type PaperLimits, type RecordEntry, readRecords } from './broker/paper-record.js';
export type { SignalRingReader } from './intake/intake.js';
export { createExecNode, type ExecNode, type ExecNodeDeps } from './node.js';
export type { InstrumentDeclaration } from './position/instruments.js';
export { checkRisk, type RiskExposure, type RiskOrder } from './risk/check.js';
export { limitsOf, type RiskLimits } from './risk/limits.js';
export { RoutedGateway, type RoutedOptions } from './route/routed-gateway.js';
export type { LastTicks, MarketPoint } from './risk/market.js';
export type { ExecLatency } from './status.js';
