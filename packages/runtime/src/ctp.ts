// The door to what is dirty about CTP, for market data and gateways alike.

export { ctpPriceOrNone, isCtpAmount, isCtpPrice } from './ctp/prices.js';
export { type CtpStamp, ctpOffsetMs, ctpTimeMs, dayOfDate } from './ctp/time.js';
