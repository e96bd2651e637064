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

/** Names that never reach a log line, at the top level or up to two levels down. */
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
    redact: {
      paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: '[redacted]',
    },
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
    debug: (sentence, fields = {}) => logger.debug(described(fields, false), sentence),
    info: (sentence, fields = {}) => logger.info(described(fields, true), sentence),
    warn: (sentence, fields = {}) => logger.warn(described(fields, true), sentence),
    error: (sentence, fields = {}) => {
      logger.error(described(fields, true), sentence);
      if (holdsPeersWords(fields.error)) logger.debug(described(fields, false), sentence);
    },
    with: (fields) => wrap(logger.child(fields)),
  };
}

/** Causes deeper than this are cut: a log line must end. */
const MAX_CAUSE_DEPTH = 4;

type Described = Error & {
  readonly code?: unknown;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly advice?: unknown;
};

/** Fields as they are written; `discreet` keeps the words of peers out of them. */
function described(fields: LogFields, discreet: boolean): LogFields {
  return 'error' in fields ? { ...fields, error: describeError(fields.error, discreet) } : fields;
}

function describeError(error: unknown, discreet: boolean, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  const { code, details, advice } = error as Described;
  const hides = discreet && holdsPeersWords(error);
  return {
    name: error.name,
    // The message of a refusal that a peer worded is the peer's.
    message: hides ? `A peer refused: ${String(details?.peerCode ?? 'no code')}.` : error.message,
    ...(code === undefined ? {} : { code }),
    ...(advice === undefined ? {} : { advice }),
    ...(details === undefined ? {} : { details: hides ? plainDetails(details) : details }),
    // A stack begins with the message.
    ...(depth === 0 && !hides ? { stack: error.stack } : {}),
    ...(error.cause === undefined || depth >= MAX_CAUSE_DEPTH
      ? {}
      : { cause: describeError(error.cause, discreet, depth + 1) }),
  };
}

/** Whether an error, or what caused it, is a refusal in a peer's own words. */
function holdsPeersWords(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return 'peerMessage' in ((error as Described).details ?? {}) || holdsPeersWords(error.cause);
}

/** Numbers and short identifiers; what else a peer may have put there is left out. */
function plainDetails(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const plain = Object.entries(details).filter(
    ([name, value]) =>
      name !== 'peerMessage' && (typeof value !== 'string' || /^[\w.:/-]{1,128}$/.test(value)),
  );
  return Object.fromEntries(plain);
}
