import { ConnitoError, type ErrorDetails } from '@connito/protocol';

/** Codes of the errors this package throws. All are `fatal`: the command ends with them. */
export type CliErrorCode =
  /** An option's value is out of range, malformed, or contradicts another. */
  | 'invalid_option'
  /** A directory holds no network. */
  | 'network_missing'
  /** A network's own files cannot be read. */
  | 'network_file_corrupt'
  /** Options contradict the network stored in the directory. */
  | 'network_differs'
  /** Another process runs this directory's network. */
  | 'network_running'
  /** Processes of a network that was not stopped properly are still alive. */
  | 'processes_left'
  /** A process of the network that it cannot do without failed too often. */
  | 'process_gave_up'
  /** A process did not begin to answer in time. */
  | 'process_not_ready'
  /** The network has no such miner. */
  | 'unknown_uid'
  /** The round asked for has not finished, or nothing of it is stored. */
  | 'round_missing'
  /** A model server cannot be reached, or refused a request. */
  | 'server_refused'
  /** Stopped before it was done, or by a second Ctrl-C. */
  | 'interrupted';

export function cliError(
  code: CliErrorCode,
  message: string,
  details: ErrorDetails = {},
  cause?: unknown,
): ConnitoError {
  return new ConnitoError(code, message, {
    advice: 'fatal',
    details,
    ...(cause === undefined ? {} : { cause }),
  });
}
