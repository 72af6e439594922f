import { DEVICE_STATES } from '../model/messages';
import type { LiveViewModel } from '../viewmodel/live';
import type { Workspace } from '../viewmodel/workspace';
import { CallTable } from './call-table';
import { useStale } from './connection';
import { DeviceDetail } from './device-detail';
import { DeviceTable } from './device-table';
import { FilterBox } from './filter-box';
import { useText, useValue } from './hooks';
import { Summary } from './summary';
import { NoPhones } from './teach';

function States({ live }: { live: LiveViewModel }) {
  const text = useText();
  const wanted = useValue(live.state);
  const { devices, states } = useValue(live.summary);
  return (
    <div class="chips" role="group" aria-label={text.say('filter.states')}>
      <button type="button" class="chip" aria-pressed={wanted === null} onClick={() => live.toggleState(null)}>
        {text.say('filter.all')} <b>{text.number(devices)}</b>
      </button>
      {DEVICE_STATES.map((state) => (
        <button key={state} type="button" class="chip" aria-pressed={wanted === state} onClick={() => live.toggleState(state)}>
          <i class={`dot dot-${state}`} aria-hidden="true" />
          {text.say(`state.${state}`)} <b>{text.number(states[state])}</b>
        </button>
      ))}
    </div>
  );
}

export function Live({ workspace }: { workspace: Workspace }) {
  const text = useText();
  const { live, about, feed } = workspace;
  const filter = useValue(live.filter);
  const stale = useStale(feed);
  const first = !useValue(live.filled);
  return (
    <div class={`live ${stale ? 'stale' : ''}`} data-stale={stale}>
      <Summary live={live} />
      <div class="toolbar">
        <FilterBox
          label={text.say('filter.label')}
          hint={text.say('filter.hint')}
          value={filter}
          onValue={(value) => live.setFilter(value)}
        />
        <States live={live} />
      </div>
      {!first && <NoPhones live={live} about={about} />}
      <div class="panels" aria-busy={first}>
        <DeviceTable live={live} waiting={first} />
        <CallTable live={live} waiting={first} traces={workspace.traces} />
        <DeviceDetail live={live} />
      </div>
    </div>
  );
}
