import { type BaseLogger, type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Structured log: a short constant sentence, what varies in fields. `info` is what an operator wants every round,
 * `debug` what a developer wants. Put an exception under `error`; its code, details and cause are written out.
 */
export interface Log {
  debug(sentence: string, fields?: LogFields): void;
  info(sentence: string, fields?: LogFields): void;
  warn(sentence: string, fields?: LogFields): void;
  error(sentence: string, fields?: LogFields): void;
  /** The same log with fields added to every line. */
  with(fields: LogFields): Log;
}

export type LogOptions = {
  readonly level?: LogLevel;
  /** Fields of every line, such as the role and the hotkey. */
  readonly fields?: LogFields;
  /** Where lines go; standard output unless given. */
  readonly destination?: DestinationStream;
};

/** Names that never reach a log line, at the top level or one level down. */
const SECRET_FIELDS = [
  'secretPhrase',
  'secretSeed',
  'secretKey',
  'privateKey',
  'mnemonic',
  'password',
  'authorization',
  'salt',
];

/** A JSON-lines log on pino. */
export function createLog(options: LogOptions = {}): Log {
  const settings: LoggerOptions = {
    level: options.level ?? 'info',
    base: options.fields ?? {},
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: describeError },
    redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
  };
  const logger = options.destination === undefined ? pino(settings) : pino(settings, options.destination);
  return wrap(logger);
}

/** Writes nothing. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silentLog,
};

function wrap(logger: BaseLogger & { child(fields: LogFields): Logger }): Log {
  return {
    debug: (sentence, fields = {}) => logger.debug(fields, sentence),
    info: (sentence, fields = {}) => logger.info(fields, sentence),
    warn: (sentence, fields = {}) => logger.warn(fields, sentence),
    error: (sentence, fields = {}) => logger.error(fields, sentence),
    with: (fields) => wrap(logger.child(fields)),
  };
}

/** Causes deeper than this are cut: a log line must end. */
const MAX_CAUSE_DEPTH = 4;

function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  const { code, details, advice } = error as Error & { code?: unknown; details?: unknown; advice?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    ...(advice === undefined ? {} : { advice }),
    ...(details === undefined ? {} : { details }),
    ...(depth === 0 ? { stack: error.stack } : {}),
    ...(error.cause === undefined || depth >= MAX_CAUSE_DEPTH
      ? {}
      : { cause: describeError(error.cause, depth + 1) }),
  };
}
