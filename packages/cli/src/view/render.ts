import { fittingColumns, formatRow, formatTitles, truncate, type ViewColumn } from './columns.ts';
import type { DomainView, MinerView, NetworkView } from './network-view.ts';
import { progressBar, sparkline } from './sparkline.ts';
import { PLAIN_STYLE, type Style } from './style.ts';
import { formatInterval, formatLoss, formatMilliNats, formatShare, reasonWords, shortHash } from './text.ts';

const MIN_WIDTH = 20;
const BAR_WIDTH = 20;

/** The network as lines of at most `width` characters: a pure function, so what is seen can be tested. */
export function render(view: NetworkView, width: number, style: Style = PLAIN_STYLE): string[] {
  const room = Math.max(MIN_WIDTH, width);
  return [
    ...header(view, room, style),
    '',
    ...domainTable(view, room, style),
    '',
    ...minerTable(view, room, style),
    '',
    validatorLine(view, room, style),
    processLine(view, room, style),
    '',
    ...view.events.map((text) => style.dim(truncate(text, room))),
  ];
}

function header(view: NetworkView, width: number, style: Style): string[] {
  const { phase } = view;
  const name = `connito  ${view.runName}`;
  const urls = view.urls.map(({ label, url }) => `${label} ${url}`).join('  ');
  return [
    style.bold(truncate(name, width)),
    phaseLine(phase, width, style),
    style.dim(truncate(urls, width)),
  ];
}

function phaseLine(phase: NetworkView['phase'], width: number, style: Style): string {
  if (phase === null) return truncate('starting', width);
  if (phase.round === null) return truncate('waiting for all nodes to register', width);
  const step = phase.step === null ? phase.phase : `${phase.phase} (${phase.step})`;
  const text = `round ${phase.round}  ${step.padEnd(16)}`;
  // The open block counts as left.
  const blocks = `${blocksWord(phase.blocksLeft + 1)} left in phase, ${blocksWord(phase.roundBlocks - phase.blocksDone)} in round`;
  const bar = progressBar(phase.blocksDone / phase.roundBlocks, BAR_WIDTH);
  const whole = `${text}  ${bar}  ${blocks}`;
  if (whole.length <= width) return `${style.bold(text)}  ${style.accent(bar)}  ${style.dim(blocks)}`;
  return truncate(`${text.trimEnd()}  ${blocks}`, width);
}

function blocksWord(count: number): string {
  return count === 1 ? '1 block' : `${count} blocks`;
}

function domainTable(view: NetworkView, width: number, style: Style): string[] {
  const rows = view.general === null ? view.domains : [...view.domains, view.general];
  const all: readonly ViewColumn<DomainView>[] = [
    { title: 'domain', width: 8, value: ({ domain }) => domain, dropOrder: 0 },
    { title: 'held-out loss', width: 18, value: lossChange, paint: paintLoss(style), dropOrder: 0 },
    {
      title: 'fall since start (95 %), millinats/token',
      width: 40,
      value: fallSinceStart,
      dropOrder: 1,
    },
    {
      title: '',
      width: 24,
      value: ({ history }) => sparkline(history, 24),
      paint: style.accent,
      dropOrder: 2,
    },
  ];
  const columns = fittingColumns(all, width);
  return [formatTitles(columns, width, style.dim), ...rows.map((row) => formatRow(columns, row, width))];
}

function lossChange({ history }: DomainView): string {
  const [start] = history;
  const now = history.at(-1);
  if (start === undefined || now === undefined) return 'not measured';
  return `${formatLoss(start)} → ${formatLoss(now)} ${now < start ? '↓' : now > start ? '↑' : '='}`;
}

function paintLoss(style: Style) {
  return (text: string, { history }: DomainView) => {
    const fell = (history.at(-1) ?? 0) < (history[0] ?? 0);
    const rose = (history.at(-1) ?? 0) > (history[0] ?? 0);
    return fell ? style.good(text) : rose ? style.bad(text) : text;
  };
}

function fallSinceStart({ sinceStart }: DomainView): string {
  if (sinceStart === null) return '';
  return `${formatMilliNats(sinceStart.reduction, { sign: true })} (${formatInterval(sinceStart.interval)})`;
}

function minerTable(view: NetworkView, width: number, style: Style): string[] {
  const all: readonly ViewColumn<MinerView>[] = [
    {
      title: 'uid',
      width: 3,
      align: 'right',
      value: ({ uid }) => (uid === null ? '' : `${uid}`),
      dropOrder: 0,
    },
    { title: 'miner', width: 9, value: ({ name }) => name, dropOrder: 0 },
    { title: 'behaviour', width: 9, value: ({ behaviour }) => behaviour, dropOrder: 3 },
    { title: 'domain', width: 7, value: ({ domain }) => domain, dropOrder: 4 },
    {
      title: 'score',
      width: 7,
      align: 'right',
      value: ({ lastScore }) => (lastScore === null ? '' : formatMilliNats(lastScore)),
      paint: (text, { lastScore }) => ((lastScore ?? 0) > 0 ? style.good(text) : text),
      dropOrder: 0,
    },
    {
      title: 'total',
      width: 8,
      align: 'right',
      value: ({ totalScore }) => formatMilliNats(totalScore),
      dropOrder: 2,
    },
    {
      title: 'incentive',
      width: 9,
      align: 'right',
      value: ({ incentive }) => formatShare(incentive),
      dropOrder: 1,
    },
    {
      title: 'why zero',
      width: 20,
      value: ({ lastReason }) => (lastReason === null ? '' : reasonWords(lastReason)),
      paint: (text) => style.bad(text),
      dropOrder: 0,
    },
  ];
  const columns = fittingColumns(all, width);
  return [
    formatTitles(columns, width, style.dim),
    ...view.miners.map((miner) => formatRow(columns, miner, width).trimEnd()),
  ];
}

function validatorLine({ validators }: NetworkView, width: number, style: Style): string {
  const { total, reported, agreed, stateHash } = validators;
  if (agreed === null || stateHash === null)
    return truncate(`validators  ${total}, no round finished yet`, width);
  const verdict = agreed ? 'all agree on state' : 'NOT all agree on state';
  const text = truncate(
    `validators  ${reported} of ${total} reported, ${verdict} ${shortHash(stateHash)}`,
    width,
  );
  return agreed ? text : style.bad(text);
}

function processLine({ processes }: NetworkView, width: number, style: Style): string {
  const { total, down, stopped } = processes;
  if (stopped > 0) return truncate(`processes   ${stopped} of ${total} stopped`, width);
  if (down.length === 0) return truncate(`processes   ${total} running`, width);
  const text = `processes   ${total - down.length} of ${total} running, down: ${down.join(', ')}`;
  return style.bad(truncate(text, width));
}
