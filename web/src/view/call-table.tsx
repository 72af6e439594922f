import type { Call } from '../model/messages';
import { milliseconds } from '../model/server-time';
import type { CallColumn, LiveViewModel } from '../viewmodel/live';
import { Attributes } from './attributes';
import { NoMatch } from './device-table';
import { Elapsed } from './elapsed';
import { Empty } from './empty';
import { pure, useText, useValue } from './hooks';
import { Icon } from './icons';
import { TraceLink } from './trace-link';
import { VirtualTable, type Column } from './virtual-table';

const Cells = pure(function Cells({ call, traces }: { call: Call; traces: boolean }) {
  const text = useText();
  return (
    <>
      <td class="dn" title={call.from}>
        {call.from}
      </td>
      <td class="dn to" title={call.to}>
        <Icon name="arrow" size={14} />
        {call.to} <Attributes of={call.attributes} />
      </td>
      <td>
        <span class="state">
          <i class={`dot dot-${call.state}`} aria-hidden="true" />
          {text.sayOr('call', call.state)}
          {traces && <TraceLink call={call.call_id} />}
        </span>
      </td>
      <td class="number">
        <Elapsed since={milliseconds(call.started_at)} />
      </td>
      <td class="muted" title={call.location}>
        {call.node}
      </td>
    </>
  );
});

export function CallTable({ live, waiting, traces }: { live: LiveViewModel; waiting: boolean; traces: boolean }) {
  const text = useText();
  const rows = useValue(live.calls.rows);
  const sort = useValue(live.calls.sort);
  const { calls } = useValue(live.summary);
  const columns: Column<CallColumn>[] = [
    { name: 'from', label: text.say('calls.from'), sortable: true },
    { name: 'to', label: text.say('calls.to'), sortable: true },
    { name: 'state', label: text.say('calls.state'), sortable: true },
    { name: 'started', label: text.say('calls.duration'), sortable: true, number: true },
    { name: 'node', label: text.say('calls.node'), sortable: true },
  ];
  const empty = (
    <Empty icon="live" title={text.say('calls.empty.title')}>
      <p>{text.say('calls.empty.text')}</p>
    </Empty>
  );
  return (
    <section class="panel" aria-labelledby="calls-title">
      <header>
        <h2 id="calls-title">{text.say('calls.title')}</h2>
        <span class="count">{text.number(rows.length)}</span>
      </header>
      <VirtualTable
        name="calls"
        label={text.say('calls.title')}
        columns={columns}
        rows={rows}
        rowKey={(call) => call.call_id}
        cells={(call) => <Cells call={call} traces={traces} />}
        sort={sort}
        onSort={(column) => live.calls.sortBy(column)}
        after={rows.length === 0 && (calls > 0 ? <NoMatch live={live} /> : !waiting && empty)}
      />
    </section>
  );
}
