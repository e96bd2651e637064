import type { CopyResult } from './report.ts';
import { detectors, type RocPoint, roc } from './roc.ts';

const COLUMNS = 5;
const PANEL = { width: 200, height: 150, left: 34, top: 34, right: 10, bottom: 26 };
const COLOURS = ['#2c6fa6', '#c1442e', '#c99a1b'];
const INK = '#333';
/** Left end of the logarithmic axis of false positives. */
const LEAST = 1e-3;
const LEGEND = 46;

/** One small receiver operating characteristic for each evasion: true positives against false positives on a logarithmic axis. */
export function plot(result: CopyResult): string {
  const own = result.compared.filter(({ miners }) => miners === 4);
  const { evasions } = roc(own, result.thresholds, 0.01);
  const panels = evasions.map(({ kind, from, curves }, i) => {
    const at = `translate(${(i % COLUMNS) * PANEL.width} ${LEGEND + Math.floor(i / COLUMNS) * PANEL.height})`;
    const lines = curves.map((points, d) => line(points, COLOURS[d]!));
    const origin = from === 'before' ? 'round before' : 'same round';
    return `<g transform="${at}">${frame()}${text(PANEL.left, 16, kind, 'start', 9.5)}${text(PANEL.left, 28, origin, 'start', 9)}${[...lines].reverse().join('')}</g>`;
  });
  const width = COLUMNS * PANEL.width;
  const height = LEGEND + Math.ceil(evasions.length / COLUMNS) * PANEL.height;
  const legend = detectors(result.thresholds).map(
    ({ name }, i) =>
      `<line x1="${PANEL.left + 160 * i}" x2="${PANEL.left + 20 + 160 * i}" y1="36" y2="36" stroke="${COLOURS[i]}" stroke-width="2"/>${text(PANEL.left + 26 + 160 * i, 40, name, 'start', 11)}`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" fill="${INK}">
<rect width="${width}" height="${height}" fill="white"/>
${text(PANEL.left, 18, 'True positives (0 to 1) against false positives per honest miner and round (0.1 % to 100 %, logarithmic; dotted: 1 %)', 'start', 12)}
${[...legend, ...panels].join('\n')}
</svg>
`;
}

function xOf(share: number): number {
  const inner = PANEL.width - PANEL.left - PANEL.right;
  const part = (Math.log10(Math.max(LEAST, share)) - Math.log10(LEAST)) / -Math.log10(LEAST);
  return PANEL.left + inner * part;
}

function yOf(share: number): number {
  const inner = PANEL.height - PANEL.top - PANEL.bottom;
  return PANEL.top + inner * (1 - share);
}

function line(points: readonly RocPoint[], colour: string): string {
  const first = points[0];
  const start = first === undefined ? '' : `M${xOf(LEAST).toFixed(1)} ${yOf(first.truePositives).toFixed(1)}`;
  const path = points.map(
    ({ falsePositives, truePositives }) =>
      `L${xOf(falsePositives).toFixed(1)} ${yOf(truePositives).toFixed(1)}`,
  );
  return `<path d="${start}${path.join('')}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
}

function frame(): string {
  const [left, right, top, bottom] = [xOf(LEAST), xOf(1), yOf(1), yOf(0)];
  const one = xOf(0.01).toFixed(1);
  const ticks = [0.001, 0.01, 0.1, 1].map((share) =>
    text(xOf(share), bottom + 12, `${100 * share} %`, 'middle', 8),
  );
  const levels = [0, 0.5, 1].map((share) => text(left - 4, yOf(share) + 3, `${share}`, 'end', 8));
  return `<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="${INK}"/><line x1="${one}" x2="${one}" y1="${top}" y2="${bottom}" stroke="${INK}" stroke-dasharray="1 3"/>${[...ticks, ...levels].join('')}`;
}

function text(x: number, y: number, content: string, anchor: string, size: number): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}">${content}</text>`;
}
