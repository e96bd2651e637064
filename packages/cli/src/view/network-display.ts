import type { Clock } from '@connito/node';
import type { CommandContext, Output } from '../command/context.ts';
import type { NetworkEvent } from '../observe/network-event.ts';
import { describeEvent } from './describe-event.ts';
import { EMPTY_VIEW, updateView } from './network-view.ts';
import { render } from './render.ts';
import { Screen } from './screen.ts';
import { type Style, styleFor } from './style.ts';
import { summaryLines } from './summary-table.ts';

/** Shows what happens in a network. */
export interface NetworkDisplay extends Disposable {
  show(event: NetworkEvent): void;
}

/** The display that suits an output: JSON where asked for, the live view in a terminal, else plain lines. */
export function displayFor(
  options: { readonly json?: boolean | undefined; readonly color: boolean },
  { stdout, env }: Pick<CommandContext, 'stdout' | 'env'>,
  clock: Clock,
): NetworkDisplay {
  if (options.json === true) return jsonDisplay(stdout);
  const isTTY = stdout.isTTY === true;
  if (!isTTY) return plainDisplay(stdout, clock);
  return liveDisplay(stdout, styleFor({ color: options.color, isTTY, env }), clock);
}

/** One JSON object a line; blocks within a phase are left out. */
export function jsonDisplay(output: Output): NetworkDisplay {
  return {
    show: (event) => {
      if (event.type === 'phase' && !event.entered) return;
      output.write(`${JSON.stringify(event)}\n`);
    },
    [Symbol.dispose]: () => undefined,
  };
}

/** One line for each event that people care about, then the summary. */
export function plainDisplay(output: Output, clock: Clock): NetworkDisplay {
  return {
    show: (event) => {
      if (event.type === 'summary') {
        output.write(`\n${summaryLines(event).join('\n')}\n`);
        return;
      }
      const text = describeEvent(event);
      if (text === null) return;
      output.write(`${new Date(clock.nowMs()).toISOString().slice(11, 19)}  ${text}\n`);
      if (event.type === 'started') {
        output.write(
          `${event.dashboardUrl === null ? '' : `          dashboard ${event.dashboardUrl}\n`}          ledger ${event.ledgerUrl}, store ${event.storeUrl}, files in ${event.directory}\n`,
        );
      }
    },
    [Symbol.dispose]: () => undefined,
  };
}

/** Changes within this time are drawn together. */
const FRAME_MS = 100;

/** A view that is redrawn in place, then the summary below it. */
export function liveDisplay(output: Output, style: Style, clock: Clock): NetworkDisplay {
  const screen = new Screen(output);
  let view = EMPTY_VIEW;
  let cancelFrame: (() => void) | null = null;
  const draw = () => {
    cancelFrame = null;
    screen.draw(render(view, screen.width, style));
  };
  output.on?.('resize', draw);
  return {
    show: (event) => {
      view = updateView(view, event);
      if (event.type !== 'summary') {
        cancelFrame ??= clock.setTimer(FRAME_MS, draw);
        return;
      }
      cancelFrame?.();
      draw();
      output.write(`\n${summaryLines(event).join('\n')}\n`);
    },
    [Symbol.dispose]: () => {
      cancelFrame?.();
      output.off?.('resize', draw);
      screen[Symbol.dispose]();
    },
  };
}
