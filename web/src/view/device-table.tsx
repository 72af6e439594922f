import { milliseconds } from '../model/server-time';
import type { Device } from '../model/messages';
import type { DeviceRow } from '../viewmodel/device-rows';
import type { DeviceColumn, LiveViewModel } from '../viewmodel/live';
import { Elapsed } from './elapsed';
import { Empty } from './empty';
import { NoNumbers } from './teach';
import { pure, useText, useValue } from './hooks';
import { VirtualTable, type Column } from './virtual-table';

/** Where the phone is: its address without what is said beside it already. */
export function where(uri: string, dn: string): string {
  const bare = uri.replace(/^sips?:/, '').replace(/;.*$/, '');
  return bare.startsWith(`${dn}@`) ? bare.slice(dn.length + 1) : bare;
}

function Contact({ device }: { device: Device }) {
  const text = useText();
  const [first, ...others] = device.contacts;
  if (!first) return null;
  return (
    <span class="contact">
      <span class="tag">{first.transport.toUpperCase()}</span>
      <span class="uri">{where(first.uri, device.dn)}</span>
      {others.length > 0 && <span class="muted">{text.say('devices.more', { count: others.length })}</span>}
    </span>
  );
}

const Cells = pure(function Cells({ row, live }: { row: DeviceRow; live: LiveViewModel }) {
  const text = useText();
  const { device, peer } = row;
  return (
    <>
      <td>
        <span class="state">
          <i class={`dot dot-${device.state}`} aria-hidden="true" />
          {text.sayOr('state', device.state)}
        </span>
      </td>
      <th scope="row" class="dn">
        <button type="button" title={text.say('devices.show', { dn: device.dn })} onClick={() => live.select(device.dn)}>
          {device.dn}
        </button>
      </th>
      <td title={device.name}>{device.name}</td>
      <td class="dn">{peer}</td>
      <td class="number">
        <Elapsed since={milliseconds(device.since)} />
      </td>
      <td>
        <Contact device={device} />
      </td>
    </>
  );
});

export function DeviceTable({ live, waiting }: { live: LiveViewModel; waiting: boolean }) {
  const text = useText();
  const rows = useValue(live.devices.rows);
  const sort = useValue(live.devices.sort);
  const { devices } = useValue(live.summary);
  const columns: Column<DeviceColumn>[] = [
    { name: 'state', label: text.say('devices.state'), sortable: true },
    { name: 'dn', label: text.say('devices.dn'), sortable: true },
    { name: 'name', label: text.say('devices.name'), sortable: true },
    { name: 'peer', label: text.say('devices.peer'), sortable: true },
    { name: 'since', label: text.say('devices.since'), sortable: true, number: true },
    { name: 'contact', label: text.say('devices.contact'), sortable: true },
  ];
  const nothing = devices > 0 ? <NoMatch live={live} /> : !waiting && <NoNumbers />;
  return (
    <section class="panel" aria-labelledby="devices-title">
      <header>
        <h2 id="devices-title">{text.say('devices.title')}</h2>
        <span class="count">{text.number(rows.length)}</span>
      </header>
      <VirtualTable
        name="devices"
        label={text.say('devices.title')}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.device.dn}
        cells={(row) => <Cells row={row} live={live} />}
        sort={sort}
        onSort={(column) => live.devices.sortBy(column)}
        after={rows.length === 0 && nothing}
      />
    </section>
  );
}

export function NoMatch({ live }: { live: LiveViewModel }) {
  const text = useText();
  const reset = (): void => {
    live.setFilter('');
    live.toggleState(null);
  };
  return (
    <Empty icon="search" title={text.say('filter.nothing')}>
      <button type="button" class="button" onClick={reset}>
        {text.say('filter.reset')}
      </button>
    </Empty>
  );
}
