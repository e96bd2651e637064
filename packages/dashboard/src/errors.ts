import { type Advice, ConnitoError, type ErrorDetails } from '@connito/protocol';

/** Codes of the errors this package throws. */
export type DashboardErrorCode =
  /** The archive cannot be opened, or belongs to another run. */
  | 'archive_unusable'
  /** Nothing is known under that name: a round that is not over, a hotkey nobody has, an artifact no round names. */
  | 'not_found'
  /** The request's `Host` is none of this server's, as when another site's page asks through a name of its own. */
  | 'wrong_host'
  /** The server of models that is to be shown does not answer, or answers something else. */
  | 'serving_unreadable'
  /** The page cannot be bundled. */
  | 'page_unusable';

export const DASHBOARD_STATUSES = { not_found: 404, wrong_host: 421 } as const;

const ADVICE: Readonly<Record<DashboardErrorCode, Advice>> = {
  archive_unusable: 'fatal',
  not_found: 'reject',
  wrong_host: 'reject',
  serving_unreadable: 'retry',
  page_unusable: 'fatal',
};

export function dashboardError(
  code: DashboardErrorCode,
  message: string,
  details: ErrorDetails = {},
  cause?: unknown,
): ConnitoError {
  const advice = ADVICE[code];
  return new ConnitoError(code, message, { advice, details, ...(cause === undefined ? {} : { cause }) });
}
