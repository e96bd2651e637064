/** How figures are written. Nothing is computed here but units. */

const THIN = '\u202f';

/** Nats per token. */
export function loss(value: number): string {
  return value.toFixed(4);
}

/** Nano-nats as millinats, with a sign where it is compared with zero. */
export function milli(nanoNats: number | null, signed = false): string {
  if (nanoNats === null) return '–';
  return withSign(nanoNats / 1e6, 2, signed);
}

export function withSign(value: number, digits: number, signed = true): string {
  const text = Math.abs(value).toFixed(digits);
  const isZero = Number(text) === 0;
  if (value < 0 && !isZero) return `−${text}`;
  return signed && !isZero ? `+${text}` : text;
}

/** A gain with its interval, from nano-nats to signed millinats. */
export function gainWithInterval(
  gain: {
    readonly meanNanoNats: number;
    readonly lowerNanoNats: number;
    readonly upperNanoNats: number;
  } | null,
): string {
  if (gain === null) return '–';
  const [mean, lower, upper] = [gain.meanNanoNats, gain.lowerNanoNats, gain.upperNanoNats].map((value) =>
    withSign(value / 1e6, 1),
  );
  return `${mean} (${lower} to ${upper})`;
}

export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)}${THIN}%`;
}

/** Parts per billion as a percentage. */
export function billionths(parts: number, digits = 1): string {
  return percent(parts / 1e9, digits);
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)}${THIN}${units[unit]}`;
}

export function integer(value: number): string {
  return value.toLocaleString('en').replaceAll(',', THIN);
}

/** `42 s`, `3 min 05 s`, `2 h 10 min`. */
export function seconds(value: number): string {
  const whole = Math.max(0, Math.round(value));
  const pad = (part: number): string => String(part).padStart(2, '0');
  if (whole < 60) return `${value > 0 && value < 10 ? value.toFixed(1) : whole}${THIN}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}${THIN}min ${pad(whole % 60)}${THIN}s`;
  return `${Math.floor(whole / 3600)}${THIN}h ${pad(Math.floor((whole % 3600) / 60))}${THIN}min`;
}

/** As `seconds`, with milliseconds below one second. */
export function latency(value: number): string {
  return value < 1 ? `${Math.round(1000 * value)}${THIN}ms` : seconds(value);
}

export function clockTime(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB');
}

export function shortHash(hash: string): string {
  return hash.slice(0, 8);
}

export function shortKey(hotkey: string): string {
  return hotkey.length <= 14 ? hotkey : `${hotkey.slice(0, 6)}…${hotkey.slice(-5)}`;
}

export function words(code: string): string {
  return code.replaceAll('_', ' ');
}
