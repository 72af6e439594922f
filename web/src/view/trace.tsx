import { useEffect } from 'preact/hooks';
import { milliseconds } from '../model/server-time';
import type { Ladder, Rung } from '../viewmodel/ladder';
import { formatRoute } from '../viewmodel/router';
import type { TraceViewModel } from '../viewmodel/trace';
import { Empty } from './empty';
import { useText, useValue } from './hooks';
import { Icon } from './icons';

const TIME = 104;
const STEP = 156;
const ROW = 30;
const HEAD = 52;
const TIP = 7;

const middle = (party: number): number => TIME + STEP / 2 + party * STEP;

function Arrow({ rung, row }: { rung: Rung; row: number }) {
  const y = HEAD + row * ROW + 21;
  const to = middle(rung.to);
  const tip = rung.from < rung.to ? to - TIP : to + TIP;
  return (
    <>
      <path class="trace-line" d={`M${middle(rung.from)} ${y}H${to}`} stroke-dasharray={rung.again ? '5 4' : undefined} />
      <path class="trace-tip" d={`M${to} ${y}L${tip} ${y - 4}V${y + 4}Z`} />
      <text class="trace-label" x={(middle(rung.from) + to) / 2} y={y - 5} text-anchor="middle">
        {rung.label}
      </text>
    </>
  );
}

/** A message: chosen by mouse, or by Enter and the space bar. */
function Row({ rung, row, ladder, trace }: { rung: Rung; row: number; ladder: Ladder; trace: TraceViewModel }) {
  const text = useText();
  const chosen = useValue(trace.chosen) === rung.key;
  const width = middle(ladder.parties.length) - STEP / 2;
  const label = text.say('trace.message', { from: ladder.parties[rung.from]?.name ?? '', to: ladder.parties[rung.to]?.name ?? '', what: rung.label });
  const key = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    trace.choose(rung.key);
  };
  return (
    <g class="trace-row" role="button" tabindex={0} aria-label={label} aria-pressed={chosen} onClick={() => trace.choose(rung.key)} onKeyDown={key}>
      <rect x={0} y={HEAD + row * ROW} width={width} height={ROW} />
      <text class="trace-time" x={8} y={HEAD + row * ROW + 20}>
        {text.exactTime(milliseconds(rung.at))}
      </text>
      <Arrow rung={rung} row={row} />
    </g>
  );
}

function Drawing({ ladder, trace }: { ladder: Ladder; trace: TraceViewModel }) {
  const text = useText();
  const width = middle(ladder.parties.length) - STEP / 2;
  const height = HEAD + ladder.rungs.length * ROW + 8;
  return (
    <svg class="trace-ladder" width={width} height={height} role="group" aria-label={text.say('page.trace')}>
      {ladder.parties.map((party, at) => (
        <g key={party.name + party.address}>
          <path class="trace-column" d={`M${middle(at)} ${HEAD - 6}V${height}`} />
          <text class="trace-party" x={middle(at)} y={20} text-anchor="middle">
            {party.name}
          </text>
          <text class="trace-address" x={middle(at)} y={37} text-anchor="middle">
            {party.address}
          </text>
        </g>
      ))}
      {ladder.rungs.map((rung, row) => (
        <Row key={rung.key} rung={rung} row={row} ladder={ladder} trace={trace} />
      ))}
    </svg>
  );
}

function Whole({ ladder, trace }: { ladder: Ladder; trace: TraceViewModel }) {
  const text = useText();
  const chosen = useValue(trace.chosen);
  const rung = ladder.rungs.find(({ key }) => key === chosen);
  if (rung === undefined) return <p class="muted trace-hint">{text.say('trace.hint')}</p>;
  return (
    <pre class="trace-text" tabIndex={0} aria-label={rung.label}>
      {rung.text}
    </pre>
  );
}

/** The SIP messages of one call. */
export function Trace({ trace, call }: { trace: TraceViewModel; call: string }) {
  const text = useText();
  const ladder = useValue(trace.ladder);
  const error = useValue(trace.asking.error);
  const busy = useValue(trace.asking.busy);
  const silent = useValue(trace.silent);
  useEffect(() => {
    trace.open(call);
    return () => trace.close();
  }, [trace, call]);
  return (
    <div class="history trace">
      <div class="toolbar">
        <a class="button" href={formatRoute({ page: 'history', dn: '' })}>
          {text.say('page.history')}
        </a>
        <button type="button" class="button" aria-disabled={busy} onClick={() => void trace.reload()}>
          <Icon name="reload" size={16} />
          {text.say('history.reload')}
        </button>
        <code>{call}</code>
        {silent > 0 && <span role="status">{text.say('trace.silent', { count: silent })}</span>}
      </div>
      {error !== null && (
        <p class="notice notice-error" role="alert">
          <Icon name="warning" />
          <span>
            {text.say('trace.failed')} {error.sentence}
          </span>
        </p>
      )}
      <section class="panel" aria-label={text.say('page.trace')} aria-busy={busy}>
        {ladder !== null && ladder.rungs.length === 0 && (
          <Empty icon="trace" title={text.say('trace.none')}>
            <p>{text.say('trace.none.text')}</p>
          </Empty>
        )}
        {ladder !== null && ladder.rungs.length !== 0 && (
          <div class="trace-parts">
            <div class="trace-scroll">
              <Drawing ladder={ladder} trace={trace} />
            </div>
            <Whole ladder={ladder} trace={trace} />
          </div>
        )}
      </section>
    </div>
  );
}
