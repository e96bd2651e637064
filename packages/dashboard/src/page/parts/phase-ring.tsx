import type { NowAnswer } from '../../api/schemas/now.ts';
import { seconds } from '../data/format.ts';
import { badge, nowMs } from '../data/stream.ts';

const RADIUS = 78;
const WIDTH = 15;
const GAP = 0.03;
const PHASE_OF: Readonly<Record<string, string>> = { attest: 'merge', vote: 'merge', state: 'merge' };

/** The round as a ring of its windows; an arc's length is the expected time, or blocks before any is known. */
export function PhaseRing({ now }: { now: NowAnswer }) {
  const { windows, point } = now;
  const timed = windows.every(({ secondsExpected }) => secondsExpected !== null);
  // Every window stays visible, however short it is.
  const sizes = windows.map(({ blocks, secondsExpected }) =>
    timed ? Math.max(secondsExpected ?? 0, 0.001) : blocks,
  );
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const shares = sizes.map((size) => 0.03 + (1 - 0.03 * sizes.length) * (size / total));
  const current = windows.findIndex(({ name }) => name === point?.window);
  let angle = 0;
  const left = secondsLeft(now);
  return (
    <div class="ring">
      <svg viewBox="-100 -100 200 200" role="img" aria-label={describe(now, left)}>
        {windows.map(({ name }, i) => {
          const start = angle;
          angle += shares[i]! * 2 * Math.PI;
          const state = i === current ? 'current' : i < current ? 'done' : 'ahead';
          return (
            <path
              key={name}
              class={`arc ${state}`}
              d={arc(start + GAP / 2, angle - GAP / 2)}
              stroke-width={WIDTH}
            />
          );
        })}
        <text class="ring-round" y="-26">
          {point?.round == null ? 'waiting' : `round ${point.round}`}
        </text>
        <text class="ring-phase" y="2">
          {point === null ? '–' : (PHASE_OF[point.window ?? ''] ?? point.phase)}
        </text>
        <text class="ring-step" y="20">
          {point?.step ?? ''}
        </text>
        <text class="ring-left" y="42">
          {point === null ? '' : blocksText(point.blocksLeft)}
        </text>
        <text class="ring-left" y="58">
          {left === null || badge.value === 'stale' ? '' : left === 0 ? 'any moment' : `≈ ${seconds(left)}`}
        </text>
      </svg>
    </div>
  );
}

/** Expected seconds until the current window closes; null where nothing is known of its usual length. */
export function secondsLeft({ windows, point }: NowAnswer): number | null {
  const expected = windows.find(({ name }) => name === point?.window)?.secondsExpected ?? null;
  if (expected === null || point?.windowStartedAtMs == null) return null;
  return Math.max(0, expected - (nowMs.value - point.windowStartedAtMs) / 1000);
}

function blocksText(blocksLeft: number): string {
  return blocksLeft === 0 ? 'last block' : `${blocksLeft + 1} blocks left`;
}

function describe({ point }: NowAnswer, left: number | null): string {
  if (point === null) return 'The ledger has not been read yet.';
  const where =
    point.round === null ? 'Before the first round' : `Round ${point.round}, ${point.step ?? point.phase}`;
  const time = left === null ? '' : `, about ${seconds(left)} left`;
  return `${where}, ${blocksText(point.blocksLeft)}${time}.`;
}

function arc(from: number, to: number): string {
  const at = (angle: number): string =>
    `${(RADIUS * Math.sin(angle)).toFixed(2)} ${(-RADIUS * Math.cos(angle)).toFixed(2)}`;
  return `M ${at(from)} A ${RADIUS} ${RADIUS} 0 ${to - from > Math.PI ? 1 : 0} 1 ${at(to)}`;
}
