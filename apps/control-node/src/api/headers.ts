// Headers of every answer. The page runs only its own scripts and talks only to its own origin.

/** The chart library adds one style element for its attribution mark; this is the hash of that text
 * in the version that is locked. A browser test notices when it changes. */
const attributionStyleHash = '3pRED1tOXas1FXFoPb9TGCjmYe9XQsmO9OV23khV2nY=';

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' 'sha256-${attributionStyleHash}'`,
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  'cache-control': 'no-store',
};
