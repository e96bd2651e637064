import type { NoteState, NowAnswer } from '../../api/schemas/now.ts';
import { milli, seconds } from '../data/format.ts';
import { pin } from '../data/preferences.ts';
import { useResource } from '../data/resource.ts';
import { linkTo } from '../data/route.ts';
import { Figure } from '../parts/figure.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { Person, PinButton } from '../parts/person.tsx';
import { PhaseRing } from '../parts/phase-ring.tsx';
import { Reason } from '../parts/reason.tsx';
import { Table } from '../parts/table.tsx';

type Miner = NowAnswer['miners'][number];
type Validator = NowAnswer['validators'][number];

const MARKS: Readonly<Record<NoteState, readonly [mark: string, words: string]>> = {
  done: ['✓', 'done'],
  due: ['●', 'due now'],
  later: ['·', 'later'],
  missed: ['✕', 'missed'],
  idle: ['–', 'nothing to do'],
};

/** Is it my turn, did it count, why zero. */
export function NowView() {
  const now = useResource<NowAnswer>('/now', ['block', 'round', 'health']);
  return (
    <Loaded resource={now.value}>
      {(data) => (
        <div class="grid now">
          <Panel title="This round" class="ring-panel">
            <Figure
              of="phase"
              at={data.point === null ? undefined : `open block ${data.point.block}`}
              focusable
            >
              <PhaseRing now={data} />
            </Figure>
            <WindowList now={data} />
          </Panel>
          <div class="stack">
            <Mine now={data} />
            <Panel title="What to do now">
              <dl class="duties">
                <dt>Miners</dt>
                <dd>
                  {data.duties.miner.now} <span class="quiet">Then: {data.duties.miner.next}</span>
                </dd>
                <dt>Validators</dt>
                <dd>
                  {data.duties.validator.now} <span class="quiet">Then: {data.duties.validator.next}</span>
                </dd>
              </dl>
            </Panel>
          </div>
          <Participants now={data} />
        </div>
      )}
    </Loaded>
  );
}

function WindowList({ now }: { now: NowAnswer }) {
  return (
    <ol class="windows">
      {now.windows.map(({ name, secondsExpected }) => (
        <li key={name} aria-current={name === now.point?.window ? 'step' : undefined}>
          <span>{name}</span>
          <Figure of="expected" at={`median of ${now.expectationRounds} rounds`}>
            {secondsExpected === null ? '–' : seconds(secondsExpected)}
          </Figure>
        </li>
      ))}
    </ol>
  );
}

/** The pinned miner's own answer to the three questions. */
function Mine({ now }: { now: NowAnswer }) {
  const own = now.miners.find(({ hotkey }) => hotkey === pin.value);
  if (own === undefined) {
    return (
      <Panel title="Your miner">
        <p class="quiet">
          {pin.value === ''
            ? 'Pin your own hotkey with ☆ below; this place then says whether it is your turn, whether it counted, and why not.'
            : 'The pinned hotkey takes no part in this round.'}
        </p>
      </Panel>
    );
  }
  return (
    <Panel title="Your miner" note={<Person hotkey={own.hotkey} name={own.name} />} class="mine">
      <dl class="answers">
        <dt>My turn?</dt>
        <dd>{turnOf(own, now)}</dd>
        <dt>Did it count?</dt>
        <dd>
          {own.last === null ? (
            'No round of it is finished yet.'
          ) : (
            <>
              Round <a href={linkTo('rounds', own.last.round)}>{own.last.round}</a>:{' '}
              <Figure of="score" at={`round ${own.last.round}`} focusable>
                <b>{milli(own.last.scoreNanoNats)}</b>
              </Figure>{' '}
              millinats per token
            </>
          )}
        </dd>
        {own.last?.reason != null && (
          <>
            <dt>{(own.last.scoreNanoNats ?? 0) > 0 ? 'Why not merged?' : 'Why zero?'}</dt>
            <dd>
              <Reason code={own.last.reason} />
            </dd>
          </>
        )}
      </dl>
    </Panel>
  );
}

function turnOf({ commit, reveal, commitBlock, revealBlock, domain }: Miner, now: NowAnswer): string {
  if (commit === 'due') return 'Yes: the commitment must be included now.';
  if (reveal === 'due') return 'Yes: the reveal must be included now.';
  if (commit === 'missed') return 'No: no commitment was included in time; the next round is open to it.';
  if (reveal === 'missed') return 'No: it committed, but nothing was revealed in time.';
  if (reveal === 'done') return `No: committed in block ${commitBlock}, revealed in block ${revealBlock}.`;
  if (commit === 'done') return `Not yet: committed in block ${commitBlock}; the reveal comes next.`;
  return `${now.point?.window === 'train' ? 'Yes: train' : 'Soon: train'} ${domain}, then commit.`;
}

function Participants({ now }: { now: NowAnswer }) {
  const done = (states: readonly NoteState[]): number => states.filter((state) => state === 'done').length;
  const { miners, validators } = now;
  const sorted = [...miners].sort((a, b) => pinned(b) - pinned(a) || a.uid - b.uid);
  const committed = done(miners.map(({ commit }) => commit));
  const revealed = done(miners.map(({ reveal }) => reveal));
  return (
    <>
      <Panel
        title="Miners"
        class="span"
        note={
          <Figure of="note">
            {committed} of {miners.length} committed, {revealed} revealed
          </Figure>
        }
      >
        <Table<Miner>
          caption="Miners of the open round"
          rows={sorted}
          keyOf={({ hotkey }) => hotkey}
          rowClass={({ hotkey }) => (hotkey === pin.value ? 'own' : '')}
          empty="No miner is registered for this round."
          columns={[
            { title: 'pin', cell: ({ hotkey, name }) => <PinButton hotkey={hotkey} name={name} /> },
            { title: 'uid', align: 'right', cell: ({ uid }) => uid },
            { title: 'miner', cell: ({ hotkey, name }) => <Person hotkey={hotkey} name={name} /> },
            { title: 'domain', cell: ({ domain }) => domain },
            {
              title: 'commit',
              of: 'note',
              cell: ({ commit, commitBlock }) => <Mark state={commit} block={commitBlock} />,
            },
            {
              title: 'reveal',
              of: 'note',
              cell: ({ reveal, revealBlock }) => <Mark state={reveal} block={revealBlock} />,
            },
            {
              title: 'last score',
              of: 'score',
              align: 'right',
              cell: ({ last }) =>
                last === null ? (
                  '–'
                ) : (
                  <Figure of="score" at={`round ${last.round}`}>
                    {milli(last.scoreNanoNats)}
                  </Figure>
                ),
            },
            {
              title: 'why',
              of: 'reason',
              wide: true,
              cell: ({ last }) => <Reason code={last?.reason ?? null} brief />,
            },
          ]}
        />
      </Panel>
      <Panel title="Validators" class="span">
        <Table<Validator>
          caption="Validators of the open round"
          rows={validators}
          keyOf={({ hotkey }) => hotkey}
          columns={[
            { title: 'uid', align: 'right', cell: ({ uid }) => uid },
            {
              title: 'validator',
              cell: ({ hotkey, name }) => <Person hotkey={hotkey} name={name} link={false} />,
            },
            { title: 'report', of: 'note', cell: ({ report }) => <Mark state={report} /> },
            { title: 'attest', of: 'note', cell: ({ attest }) => <Mark state={attest} /> },
            { title: 'vote', of: 'note', cell: ({ vote }) => <Mark state={vote} /> },
            { title: 'state', of: 'note', cell: ({ state }) => <Mark state={state} /> },
          ]}
        />
      </Panel>
    </>
  );
}

function pinned({ hotkey }: Miner): number {
  return hotkey === pin.value ? 1 : 0;
}

function Mark({ state, block }: { state: NoteState; block?: number | null }) {
  const [mark, words] = MARKS[state];
  return (
    <Figure of="note" at={block == null ? words : `included in block ${block}`} class={`mark ${state}`}>
      <span aria-hidden="true">{mark}</span>
      <span class="sr-only">{words}</span>
    </Figure>
  );
}
