import { type CodecResult, lossAfter } from './report.ts';
import { BEST_RATE } from './variants.ts';

const WIDTH = 860;
const HEIGHT = 460;
const MARGIN = { left: 70, right: 200, top: 30, bottom: 60 };
const ROUNDS = [
  { round: 10, colour: '#c1442e' },
  { round: 30, colour: '#c99a1b' },
  { round: 100, colour: '#2c6fa6' },
] as const;
const INK = '#333';

/**
 * Loss after some rounds against bytes of a bundle on a logarithmic axis. Filled marks carry the residual, open ones do not; bars are the
 * range over seeds, dashed lines the uncompressed loss.
 */
export function plot(result: CodecResult): string {
  const shown = result.variants.filter(({ learningRate }) => learningRate === BEST_RATE);
  const trainingsOf = (name: string) => result.trainings.filter(({ variant }) => variant === name);
  const points = shown.flatMap(({ name, codec, decay }) => {
    const trainings = trainingsOf(name);
    const first = trainings[0];
    if (first === undefined) return [];
    return ROUNDS.map(({ round, colour }) => {
      const losses = trainings.map((training) => lossAfter(training, round));
      const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
      const isOpen = codec !== null && decay === null;
      return { name, round, colour, isOpen, bytes: first.bytesPerMinerAndRound, losses, mean };
    });
  });
  const bytes = points.map((point) => point.bytes);
  const losses = points.flatMap((point) => point.losses);
  const x = scale(
    Math.log10(Math.min(...bytes)),
    Math.log10(Math.max(...bytes)),
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const y = scale(Math.min(...losses), Math.max(...losses), HEIGHT - MARGIN.bottom, MARGIN.top);

  const marks = points.map(({ name, colour, isOpen, bytes: size, losses: each, mean }) => {
    const at = x(Math.log10(size)).toFixed(1);
    const bar = `<line x1="${at}" x2="${at}" y1="${y(Math.min(...each)).toFixed(1)}" y2="${y(Math.max(...each)).toFixed(1)}" stroke="${colour}"/>`;
    const fill = isOpen ? 'white' : colour;
    return `${bar}<circle cx="${at}" cy="${y(mean).toFixed(1)}" r="4" fill="${fill}" stroke="${colour}"><title>${name}: ${mean.toFixed(4)}</title></circle>`;
  });
  const baselines = points
    .filter(({ name }) => name === 'fp32')
    .map(({ colour, mean }) => {
      const at = y(mean).toFixed(1);
      return `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}" stroke="${colour}" stroke-dasharray="4 4"/>`;
    });
  const dense = result.trainings.find(({ variant }) => variant === 'fp32')!;
  const target = dense.bytesPerMinerAndRound / 2 / 70;
  const targetAt = x(Math.log10(target)).toFixed(1);
  const labels = [...new Set(bytes)]
    .sort((a, b) => a - b)
    .filter((size, i, all) => i === 0 || size / all[i - 1]! > 1.5)
    .map((size) =>
      text(x(Math.log10(size)), HEIGHT - MARGIN.bottom + 18, `${Math.round(size / 1000)} kB`, 'middle'),
    );
  const levels = ticks(Math.min(...losses), Math.max(...losses)).map((loss) =>
    text(MARGIN.left - 8, y(loss) + 4, loss.toFixed(1), 'end'),
  );
  const legend = [
    ...ROUNDS.map(({ round, colour }, i) => {
      const top = MARGIN.top + 20 * i;
      return `<circle cx="${WIDTH - 180}" cy="${top}" r="4" fill="${colour}"/>${text(WIDTH - 170, top + 4, `after ${round} rounds`)}`;
    }),
    `<circle cx="${WIDTH - 180}" cy="${MARGIN.top + 60}" r="4" fill="white" stroke="${INK}"/>`,
    text(WIDTH - 170, MARGIN.top + 64, 'without error feedback'),
    text(WIDTH - 186, MARGIN.top + 84, 'dashed: uncompressed'),
    text(WIDTH - 186, MARGIN.top + 104, 'dotted: 1/70 of fp16'),
  ];
  const bottom = HEIGHT - MARGIN.bottom;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="${INK}">
<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>
<path d="M${MARGIN.left} ${MARGIN.top}V${bottom}H${WIDTH - MARGIN.right}" fill="none" stroke="${INK}"/>
<line x1="${targetAt}" x2="${targetAt}" y1="${MARGIN.top}" y2="${bottom}" stroke="${INK}" stroke-dasharray="1 3"/>
${[...baselines, ...marks, ...labels, ...levels, ...legend].join('\n')}
${text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 14, 'bytes of a bundle: one miner, one round', 'middle')}
${text(12, 16, `held-out loss, nats per token (${result.domain})`)}
</svg>
`;
}

function scale(from: number, to: number, low: number, high: number): (value: number) => number {
  const room = 0.04 * (to - from);
  return (value) => low + ((value - from + room) / (to - from + 2 * room)) * (high - low);
}

function ticks(from: number, to: number): number[] {
  const step = (to - from) / 6 > 0.5 ? 1 : (to - from) / 6 > 0.2 ? 0.5 : 0.2;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) => (first + i) * step);
}

function text(x: number, y: number, content: string, anchor = 'start'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${content}</text>`;
}
