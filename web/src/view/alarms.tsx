import { milliseconds } from '../model/server-time';
import type { SystemViewModel } from '../viewmodel/system';
import { Elapsed } from './elapsed';
import { Empty } from './empty';
import { useText, useValue } from './hooks';

export function Alarms({ system }: { system: SystemViewModel }) {
  const text = useText();
  const alarms = useValue(system.alarms);
  return (
    <section class="panel" aria-labelledby="alarms-title">
      <header>
        <h2 id="alarms-title">{text.say('alarms.title')}</h2>
        <span class="count">{text.number(alarms.length)}</span>
      </header>
      {alarms.length === 0 && <Empty icon="done" title={text.say('alarms.none')} />}
      <ul class="alarms">
        {alarms.map((alarm) => (
          <li key={alarm.id} class={`alarm alarm-${alarm.severity} ${alarm.cleared_at === undefined ? '' : 'alarm-cleared'}`}>
            <span class={`badge severity-${alarm.severity}`}>{text.sayOr('severity', alarm.severity)}</span>
            <div>
              <b>{alarm.text}</b>
              <p class="muted">{alarm.advice}</p>
            </div>
            <span class="muted">
              {alarm.cleared_at === undefined ? <Elapsed since={milliseconds(alarm.raised_at)} /> : text.say('alarms.cleared')}
            </span>
            {alarm.acknowledged_at === undefined ? (
              <button type="button" class="button" onClick={() => void system.acknowledge(alarm)}>
                {text.say('alarms.acknowledge')}
              </button>
            ) : (
              <span class="muted">{text.say('alarms.acknowledged', { by: alarm.acknowledged_by ?? '' })}</span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
