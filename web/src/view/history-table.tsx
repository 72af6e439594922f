import type { ComponentChildren } from 'preact';
import type { PastCall } from '../model/messages';
import { milliseconds } from '../model/server-time';
import type { HistoryViewModel } from '../viewmodel/history';
import { Attributes } from './attributes';
import { CopyButton } from './copy-button';
import { Elapsed } from './elapsed';
import { pure, useText, useTicker, useValue } from './hooks';
import { Icon } from './icons';
import { TraceLink } from './trace-link';
import { VirtualTable, type Column } from './virtual-table';

type HistoryColumn = 'result' | 'started' | 'from' | 'to' | 'waited' | 'talked' | 'cause' | 'node' | 'call_id';

function Span({ from, to }: { from: string; to: string | null }) {
  const text = useText();
  if (to === null) return null;
  return <span class="time">{text.duration(milliseconds(to) - milliseconds(from))}</span>;
}

function Talked({ call }: { call: PastCall }) {
  if (call.answered_at === null) return null;
  if (call.result === 'open') return <Elapsed since={milliseconds(call.answered_at)} />;
  return <Span from={call.answered_at} to={call.ended_at} />;
}

const Cells = pure(function Cells({ call, traces }: { call: PastCall; traces: boolean }) {
  const text = useText();
  const ticker = useTicker();
  const started = milliseconds(call.started_at);
  return (
    <>
      <td>
        <span class={`badge badge-${call.result}`}>{text.sayOr('result', call.result)}</span>
      </td>
      <td class="when">
        <span class="muted">{text.date(started, ticker.now())}</span> {text.time(started)}
      </td>
      <td class="dn" title={call.from}>
        {call.from}
      </td>
      <td class="dn to" title={call.to}>
        <Icon name="arrow" size={14} />
        {call.to} <Attributes of={call.attributes} />
      </td>
      <td class="number">
        <Span from={call.started_at} to={call.answered_at} />
      </td>
      <td class="number">
        <Talked call={call} />
      </td>
      <td class="muted" title={call.cause}>
        {text.sayOr('cause', call.cause)}
      </td>
      <td class="muted cell-node" title={call.location}>
        {call.node}
      </td>
      <td>
        <span class="call-id">
          {traces && <TraceLink call={call.call_id} />}
          <code title={call.call_id}>{call.call_id}</code>
          <CopyButton value={call.call_id} />
        </span>
      </td>
    </>
  );
});

export function HistoryTable({ history, traces, after }: { history: HistoryViewModel; traces: boolean; after: ComponentChildren }) {
  const text = useText();
  const calls = useValue(history.calls);
  const columns: Column<HistoryColumn>[] = [
    { name: 'result', label: text.say('history.result') },
    { name: 'started', label: text.say('history.started') },
    { name: 'from', label: text.say('history.from') },
    { name: 'to', label: text.say('history.to') },
    { name: 'waited', label: text.say('history.waited'), number: true },
    { name: 'talked', label: text.say('history.talked'), number: true },
    { name: 'cause', label: text.say('history.cause') },
    { name: 'node', label: text.say('history.node') },
    { name: 'call_id', label: text.say('history.call_id') },
  ];
  return (
    <VirtualTable
      name="history"
      label={text.say('history.title')}
      columns={columns}
      rows={calls}
      rowKey={(call) => call.call_id}
      cells={(call) => <Cells call={call} traces={traces} />}
      after={after}
      onEnd={() => {
        if (history.state.value === 'ready') void history.loadOlder();
      }}
    />
  );
}
