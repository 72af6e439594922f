import { useEffect } from 'preact/hooks';
import type { HistoryViewModel } from '../viewmodel/history';
import { Empty } from './empty';
import { FilterBox } from './filter-box';
import type { FrameProps } from './frame';
import { HistoryTable } from './history-table';
import { useText, useValue } from './hooks';
import { Icon } from './icons';

function Failed({ history }: { history: HistoryViewModel }) {
  const text = useText();
  const error = useValue(history.error);
  return (
    <div class="notice notice-error" role="alert">
      <Icon name="warning" />
      <span>
        {text.say('history.failed')} {error?.status === 0 ? text.say('history.unreachable') : error?.sentence}
      </span>
      <button type="button" class="button" onClick={() => void history.retry()}>
        {text.say('history.retry')}
      </button>
    </div>
  );
}

function Nothing({ history, onAll }: { history: HistoryViewModel; onAll(): void }) {
  const text = useText();
  const all = useValue(history.dn).trim() === '';
  return (
    <Empty icon="history" title={text.say(all ? 'history.empty.title' : 'history.empty.dn')}>
      <p>{text.say(all ? 'history.empty.text' : 'history.empty.dn.text')}</p>
      {!all && (
        <button type="button" class="button" onClick={onAll}>
          {text.say('history.all')}
        </button>
      )}
    </Empty>
  );
}

function Foot({ history, onAll }: { history: HistoryViewModel; onAll(): void }) {
  const text = useText();
  const state = useValue(history.state);
  const older = useValue(history.older);
  const empty = useValue(history.calls).length === 0;
  if (state === 'failed') return <Failed history={history} />;
  if (state === 'loading') return empty ? <p class="table-foot">{text.say('history.loading')}</p> : null;
  if (empty) return <Nothing history={history} onAll={onAll} />;
  return (
    <p class="table-foot">
      {older ? (
        <button type="button" class="button" aria-disabled={state === 'more'} onClick={() => void history.loadOlder()}>
          {text.say(state === 'more' ? 'history.older.busy' : 'history.older')}
        </button>
      ) : (
        text.say('history.end')
      )}
    </p>
  );
}

export function History({ app, workspace }: FrameProps) {
  const text = useText();
  const { history } = workspace;
  const route = useValue(app.router.route);
  const dn = useValue(history.dn);
  const state = useValue(history.state);
  const newer = useValue(history.newer);
  useEffect(() => history.open(route.dn), [route.dn]);
  const type = (value: string): void => {
    history.type(value);
    app.router.go({ page: 'history', dn: value.trim() }, true);
  };
  return (
    <div class="history" data-state={state}>
      <div class="toolbar">
        <FilterBox label={text.say('history.dn')} hint={text.say('history.dn.hint')} value={dn} onValue={type} />
        <button type="button" class="button" onClick={() => void history.reload()}>
          <Icon name="reload" size={16} />
          {text.say('history.reload')}
        </button>
        <span role="status">
          {newer > 0 && (
            <button type="button" class="button button-quiet" onClick={() => void history.reload()}>
              {text.say('history.newer', { count: newer })}
            </button>
          )}
        </span>
      </div>
      <section class="panel" aria-label={text.say('history.title')} aria-busy={state === 'loading'}>
        <HistoryTable history={history} traces={workspace.traces} after={<Foot history={history} onAll={() => type('')} />} />
      </section>
    </div>
  );
}
