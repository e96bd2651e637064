const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** The last `width` values as bars between their own smallest and largest. Values that are all the same lie in the middle. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = width > 0 ? values.slice(-width) : [];
  const low = Math.min(...shown);
  const range = Math.max(...shown) - low;
  return shown
    .map((value) => {
      const height = range > 0 ? (value - low) / range : 0.5;
      return BARS[Math.min(BARS.length - 1, Math.floor(height * BARS.length))]!;
    })
    .join('');
}

/** A bar of `width` characters of which a share is filled. */
export function progressBar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(filled) + '░'.repeat(Math.max(0, width - filled));
}
