import { explainReason, type Reason } from '@connito/protocol';

/** A loss: four digits after the point tell rounds apart. */
export function formatLoss(natsPerToken: number): string {
  return natsPerToken.toFixed(4);
}

/** A score or a loss reduction, in thousandths of a nat per token, with its sign if it is to be compared with zero. */
export function formatMilliNats(natsPerToken: number, options: { readonly sign?: boolean } = {}): string {
  const text = (natsPerToken * 1000).toFixed(2);
  return options.sign === true && natsPerToken > 0 ? `+${text}` : text;
}

export function formatInterval([low, high]: readonly [number, number]): string {
  return `${formatMilliNats(low, { sign: true })} to ${formatMilliNats(high, { sign: true })}`;
}

export function formatShare(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

/** A span of time as a person would say it: `42 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (value: number) => String(value).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

/** A reason's code in words, short enough for a table: `duplicate of`, `non finite loss`. */
export function reasonWords(reason: Reason): string {
  return SHORT_REASONS[reason] ?? reason.replaceAll('_', ' ');
}

const SHORT_REASONS: Partial<Record<Reason, string>> = {
  duplicate_of: 'copy of earlier work',
  stale_delta: 'repeats own work',
  non_finite_loss: 'breaks the model (loss not finite)',
  non_finite_delta: 'update not finite',
  excessive_travel: 'no result of training',
  no_gain: 'no gain beyond noise',
  futile: 'hopeless, stopped early',
  general_regression: 'harms general text',
  no_commitment: 'no commitment',
  not_revealed: 'did not reveal',
  unavailable: 'not enough validators judged it',
};

/** A reason as a sentence with what to do about it. */
export function reasonAdvice(reason: Reason): string {
  const { sentence, nextAction } = explainReason(reason);
  return `${sentence} ${nextAction}`;
}

/** The first digits of a hash. */
export function shortHash(hash: string): string {
  return hash.slice(0, 12);
}
